#pragma once

#include "store_layout.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// Small files with their own checksum (docs/formats/store.md, "Facts and cards"): truncated, empty or changed ones
/// read as nullopt, never as an error.
std::string with_checksum(std::string_view payload);
std::optional<std::string> checked_payload(std::string_view content);

std::optional<std::string> read_checked_file(const std::filesystem::path& path);
void write_checked_file(const StoreLayout& layout, const std::filesystem::path& path, std::string_view payload);

}  // namespace mlbuild
