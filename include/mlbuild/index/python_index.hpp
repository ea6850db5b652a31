#pragma once

#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/key_index.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// A Python package index (PEP 503/691 "simple" API) as this site names it. Locks hold `name` only.
struct PythonIndex {
  std::string name;  ///< "default", or "index-1", ... for those of the spec
  std::string url;   ///< simple API root; may hold user info, which is never printed or stored
};

struct IndexFile {
  std::string filename;
  std::string url;  ///< absolute, without fragment and user info
  std::optional<BlobDigest> sha256;
  std::optional<std::uint64_t> size_bytes;
  bool yanked = false;
  std::string requires_python;
};

/// `url` with the index's user info when both are of one origin (scheme, host, port), else unchanged: what to give to
/// the HTTP client.
std::string authorized_url(const PythonIndex& index, const std::string& url);

/// Files of one project, from the JSON form where the index has it, else from HTML. Unknown project: empty.
/// Throws Error{Network}, Error{Foreign}.
std::vector<IndexFile> list_index_files(HttpClient& http, const PythonIndex& index, const std::string& project);

/// Parsers, for tests and fuzzing. `base_url` resolves relative links. A link that is no usable URL, or whose file name
/// is no plain name, is left out. HTML is read as PEP 503 needs it: anchors with href, data-yanked,
/// data-requires-python; `<base href>`; anything else is skipped. JSON that is not PEP 691 version 1 is Error{Foreign}.
std::vector<IndexFile> parse_simple_html(std::string_view html, std::string_view base_url);
std::vector<IndexFile> parse_simple_json(std::string_view json, std::string_view base_url);

/// Size of a file whose index does not tell it, by HEAD (or a one-byte range where HEAD is refused or tells no size).
/// For an index with user info give authorized_url(index, file.url). Throws Error{Network}.
std::uint64_t query_size(HttpClient& http, const std::string& url);

/// Gets a wheel or sdist into the store (nothing to do when it is there): found by project and file name in `index`,
/// checked against `digest` and, unless 0, `size_bytes`. The URL found is remembered per sha256 in `urls`, so that the
/// listing is read once (user info removed; never a URL with a query, which may be a signature). A remembered URL that
/// fails is looked up again. Error{Network} names project, file and index and what to do.
void fetch_python_file(HttpClient& http, BlobStore& store, KeyIndex& urls, const PythonIndex& index,
                       const std::string& project, const std::string& filename, const BlobDigest& digest,
                       std::uint64_t size_bytes, const ByteProgress& progress);

}  // namespace mlbuild
