#pragma once

#include <cstdint>

namespace mlbuild::cli {

/// Seconds since 1970 that files of images carry: SOURCE_DATE_EPOCH, else 1980-01-01, the first second that zip tools
/// accept. Throws Error{Usage} when the variable is no number.
std::int64_t epoch_from_environment();

}  // namespace mlbuild::cli
