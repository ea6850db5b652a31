#pragma once

#include "mlbuild/net/http.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mlbuild {

/// When a file is fetched over several connections, and how many.
struct RangeTuning {
  std::uint64_t file_bytes = std::uint64_t{64} << 20U;  ///< smaller ones come over one connection
  std::uint64_t part_bytes = std::uint64_t{8} << 20U;   ///< waits in memory until what is before it has come
  /// Asked for at once while no second connection is free: each request costs a round trip.
  std::uint64_t alone_bytes = std::uint64_t{64} << 20U;
  bool loopback = false;                 ///< this machine, too, where one connection is as quick as several
  std::size_t parts_per_file = 4;        ///< at a time
  std::size_t parts_in_memory = 6;       ///< of all files
  std::size_t connections_per_host = 8;  ///< for files, in parts or whole
};

/// Fetches large files by several requests for ranges side by side (RFC 9110, 14.2) where the server gives them, and
/// everything else as `inner` does. Meant are requests with `resume` whose body limit allows such a file: the caller
/// checks a digest.
///
/// The sink gets the bytes in order, as from one stream. Parts belong together by a strong ETag (or by Last-Modified,
/// for requests with `joins_by_date`), which each request demands by If-Range, and by the size that each answer tells.
/// Whatever does not fit (no ranges, neither ETag nor date, a changed file, a Content-Range that lies, a refusal in the
/// middle) makes the file come again over one connection: `start_body` is called again, as for any other try. Failures
/// that may pass (cut parts, 429 and 5xx, Retry-After) are what `inner` sees to, part by part.
std::unique_ptr<HttpClient> make_ranged_client(std::unique_ptr<HttpClient> inner, const RangeTuning& tuning = {});

}  // namespace mlbuild
