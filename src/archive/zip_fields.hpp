#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mlbuild::zip {

[[noreturn]] inline void refuse(const std::string& why) { throw Error(ErrorKind::Foreign, "zip file " + why); }

/// Takes little-endian numbers and texts off the front of a span; leaving it is Error{Foreign}.
class Fields {
 public:
  explicit Fields(ByteSpan bytes) : rest_(bytes) {}

  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  ByteSpan bytes(std::size_t count) {
    if (count > rest_.size()) refuse("has a record that is cut off");
    const ByteSpan taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::uint64_t number(std::size_t size) {
    const ByteSpan taken = bytes(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
    return value;
  }

  ByteSpan rest_;
};

// APPNOTE 4.4.1.4: a field of all ones says that the value is in the zip64 extra field.
inline constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;
inline constexpr std::uint16_t kInZip64Short = 0xFFFF;

/// The extra fields that change what a member means (APPNOTE 4.5). The rest (times, owners) may differ between readers.
struct Extra {
  std::optional<ByteSpan> zip64;         ///< 0x0001
  std::optional<ByteSpan> unicode_path;  ///< 0x7075: another name for the same member
};

/// Refuses fields that overrun the area or appear twice.
Extra parse_extra(ByteSpan area);

}  // namespace mlbuild::zip
