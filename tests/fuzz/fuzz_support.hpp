#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/base/error.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace mlbuild::fuzz {

/// Most plain bytes that a target takes from one input, so that a small bomb does not look like a hang.
inline constexpr std::uint64_t kMaxPlainBytes = 4U << 20U;

inline ByteSpan input_bytes(const std::uint8_t* data, std::size_t size) { return std::as_bytes(std::span(data, size)); }

inline void require(bool promise) {
  if (!promise) std::abort();
}

/// Runs a parser on foreign bytes. It may throw Error, but nothing else, and never one that looks like our own bug.
template <class Body>
int expect_value_or_error(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Internal) {
      std::fprintf(stderr, "internal error: %s\n", error.what());
      std::abort();
    }
  }
  return 0;
}

}  // namespace mlbuild::fuzz
