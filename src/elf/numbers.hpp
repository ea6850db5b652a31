#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>

namespace mlbuild::elf {

/// Numbers of an object's byte order at places that the caller has checked.
class Numbers {
 public:
  Numbers(bool big_endian, unsigned bits) : big_(big_endian), word_bytes_(bits / 8) {}
  std::uint64_t read(ByteSpan bytes, std::size_t at, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8U | static_cast<std::uint64_t>(bytes[at + (big_ ? i : size - 1 - i)]);
    }
    return value;
  }
  std::uint16_t half(ByteSpan bytes, std::size_t at) const { return static_cast<std::uint16_t>(read(bytes, at, 2)); }
  std::uint32_t word(ByteSpan bytes, std::size_t at) const { return static_cast<std::uint32_t>(read(bytes, at, 4)); }
  /// Addr, Off, Xword: as wide as the class.
  std::uint64_t wide(ByteSpan bytes, std::size_t at) const { return read(bytes, at, word_bytes_); }
  std::size_t wide_bytes() const { return word_bytes_; }

 private:
  bool big_;
  std::size_t word_bytes_;
};

}  // namespace mlbuild::elf
