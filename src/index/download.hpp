#pragma once

#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <cstdint>
#include <string>

namespace mlbuild {

struct Download {
  std::string url;   ///< may hold user info
  std::string what;  ///< for messages: "file `x` of index `y`"
  BlobDigest digest;
  std::uint64_t size_bytes = 0;  ///< 0: unknown
};

/// Streams a file into the store and checks digest and size before it becomes visible. Reads at most one byte more than
/// promised. Returns the answer: any status but 2xx has stored nothing, and is the caller's to explain. Throws
/// Error{Network}, and Error{Foreign} naming both digests. `progress` never counts a byte twice, even when a try is
/// repeated.
HttpResponse download_into_store(HttpClient& http, BlobStore& store, const Download& download,
                                 const ByteProgress& progress);

/// A small file (an index page) as text. Other statuses are the caller's to explain.
struct Page {
  HttpResponse response;
  std::string text;
};
Page fetch_page(HttpClient& http, HttpRequest request);

/// Error{Network} for a status that is not 2xx, with a hint that fits it (401 and 403: credentials).
[[noreturn]] void throw_bad_status(const HttpResponse& response, const std::string& what);

}  // namespace mlbuild
