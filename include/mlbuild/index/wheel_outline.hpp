#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/python/tags.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// What an index tells of a wheel that nobody downloads: for advice, never for a build, as nothing of it is checked
/// against a digest.
struct WheelOutline {
  std::string filename, version;
  std::uint64_t size_bytes = 0;
  std::optional<std::uint64_t> plain_bytes;               ///< where the server answers ranges
  std::optional<std::vector<std::string>> requires_dist;  ///< likewise, or where the index serves metadata (PEP 658)
};

/// The best wheel for the target of this version; where there is none, and unless `exact`, of the newest version that
/// is not newer and no pre-release. Nothing when there is none. Throws Error{Network}.
std::optional<WheelOutline> query_wheel_outline(HttpClient& http, const PythonIndex& index, const std::string& project,
                                                const std::string& version, bool exact,
                                                const python::TargetPlatform& target);

/// What the last bytes of a wheel tell, as far as they hold its central directory and METADATA; nothing when they are
/// no end of a zip file or hold less than the directory (APPNOTE 4.3.7, 4.3.12, 4.3.16; zip64 is not read).
struct WheelTail {
  std::uint64_t plain_bytes = 0;        ///< of all members
  std::optional<std::string> metadata;  ///< the text of METADATA
};
std::optional<WheelTail> read_wheel_tail(ByteSpan tail, std::uint64_t file_size_bytes);

}  // namespace mlbuild
