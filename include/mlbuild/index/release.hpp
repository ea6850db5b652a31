#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// A Release file of a Debian repository (Debian wiki, "DebianRepository/Format", "Release files"): what is signed
/// about a suite.
struct Release {
  struct File {
    BlobDigest sha256;
    std::uint64_t size_bytes = 0;
  };
  std::string suite;
  std::string codename;
  std::int64_t date_seconds = 0;  ///< since the epoch
  std::optional<std::int64_t> valid_until_seconds;
  bool acquire_by_hash = false;
  std::map<std::string, File, std::less<>> files;  ///< by path below the suite's folder

  static Release parse(std::string_view text);  ///< throws Error{Foreign}
};

/// "Sat, 11 Jul 2026 10:16:37 UTC" (RFC 5322 form, UTC or GMT or +0000) as seconds since the epoch; throws
/// Error{Foreign}.
std::int64_t parse_release_date(std::string_view text);

/// Seconds since the epoch as RFC 3339 in UTC: "2026-07-11T10:16:37Z".
std::string to_rfc3339(std::int64_t seconds);

}  // namespace mlbuild
