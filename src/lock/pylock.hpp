#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A file as pylock.toml lists it.
struct PylockFile {
  std::string filename;  ///< a plain name
  std::string url;
  BlobDigest sha256;
  std::optional<std::uint64_t> size_bytes;  ///< absent from an index that speaks HTML
};

struct PylockPackage {
  std::string name;  ///< normalised
  std::string version;
  std::vector<PylockFile> wheels;
  std::optional<PylockFile> sdist;
};

/// Reads a pylock.toml (PEP 751, lock-version 1) as the resolver prints it, packages sorted by name. Throws
/// Error{Foreign} for another version, for packages that are no files of an index (directory, archive, vcs), without
/// SHA-256, or twice in the file.
std::vector<PylockPackage> parse_pylock(std::string_view toml);

/// The minimal pylock.toml that makes the resolver prefer these versions.
std::string format_preferences(const std::vector<std::pair<std::string, std::string>>& versions_by_name);

}  // namespace mlbuild
