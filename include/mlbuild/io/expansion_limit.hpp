#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>

namespace mlbuild {

/// A guard against bombs, far above what real archives do (3 to 8 times).
struct ExpansionLimit {
  std::uint64_t always_allowed_bytes = std::uint64_t{2} << 30U;
  std::uint64_t ratio = 100;
};

/// As decompress(), for what is written to a disk: more plain bytes than `always_allowed_bytes` that are also more than
/// `ratio` times the compressed ones read for them are refused with Error{Foreign}, before they are handed out.
std::unique_ptr<Source> decompress(std::unique_ptr<Source> maybe_compressed, const ExpansionLimit& limit);
/// The same as gunzip().
std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed, const ExpansionLimit& limit);

}  // namespace mlbuild
