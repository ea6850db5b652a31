#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Bytecode files of CPython 3.11 put together by hand (docs/formats/pyc.md).
namespace mlbuild::test::pyc {

inline constexpr unsigned char kRef = 0x80;

inline std::string u32(std::uint32_t value) {
  std::string text;
  for (unsigned shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift);
  return text;
}
/// A string of type `type`, perhaps with FLAG_REF; one that is too long for a length of one byte has the type 'a'.
inline std::string text(std::string_view value, char type = 'z', unsigned char flag = 0) {
  if (value.size() > 255) {
    return std::string(1, static_cast<char>('a' | flag)) + u32(static_cast<std::uint32_t>(value.size())) +
           std::string(value);
  }
  return std::string(1, static_cast<char>(type | flag)) + static_cast<char>(value.size()) + std::string(value);
}
inline std::string raw(std::string_view value) {
  return "s" + u32(static_cast<std::uint32_t>(value.size())) + std::string(value);
}
inline std::string tuple(const std::vector<std::string>& items, unsigned char flag = 0) {
  std::string made{static_cast<char>(')' | flag), static_cast<char>(items.size())};
  for (const std::string& item : items) made += item;
  return made;
}
inline std::string frozen_set(const std::vector<std::string>& items) {
  std::string made = ">" + u32(static_cast<std::uint32_t>(items.size()));
  for (const std::string& item : items) made += item;
  return made;
}

/// A module of CPython 3.11 with these constants and names.
inline std::string code(const std::vector<std::string>& constants, const std::string& names = tuple({}),
                        unsigned char flag = 0) {
  return std::string(1, static_cast<char>('c' | flag)) + u32(0) + u32(0) + u32(0) + u32(2) + u32(64) + raw("\x97") +
         tuple(constants) + names + tuple({}) + raw("") + text("/a.py") + text("<module>") + text("<module>") + u32(1) +
         raw("") + raw("");
}
inline std::string pyc_of(const std::string& marshalled) {
  return std::string("\xa7\x0d\r\n", 4) + u32(1) + "12345678" + marshalled;
}

}  // namespace mlbuild::test::pyc
