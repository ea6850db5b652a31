#pragma once

#include "content_index.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

/// What the tables of contents of eStargz and zstd:chunked, which took it over, have in common.
namespace mlbuild {

/// Name, type, mode, owner, time and link of an entry.
nlohmann::json toc_entry(const TarEntry& entry);
/// Where a part of a content is.
nlohmann::json toc_chunk(const IndexedChunk& chunk);
/// For each entry the row that `row_of` makes, and rows of type `chunk` for its second and further chunks.
nlohmann::json toc_rows(const std::vector<IndexedEntry>& entries,
                        const std::function<nlohmann::json(const IndexedEntry&)>& row_of);

/// Canonical JSON. Error{Foreign} for names that are not UTF-8, which JSON cannot say.
std::string toc_text(const nlohmann::json& toc);

}  // namespace mlbuild
