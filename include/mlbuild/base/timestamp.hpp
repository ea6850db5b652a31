#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mlbuild {

/// Seconds since 1970 as RFC 3339 in UTC, "1980-01-01T00:00:00Z"; nothing outside of the years 0 to 9999, which are all
/// it knows.
std::optional<std::string> rfc3339(std::int64_t epoch_seconds);

}  // namespace mlbuild
