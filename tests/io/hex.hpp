#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <string>

namespace mlbuild::test {

inline Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// Text with repetitions and noise: compresses, but not to nothing. The same for the same arguments.
inline std::string sample_text(std::size_t size, std::uint32_t seed = 1) {
  std::string text;
  text.reserve(size + 16);
  while (text.size() < size) {
    seed = seed * 1664525U + 1013904223U;
    if ((seed >> 28U) < 6 && text.size() > 64) {
      text.append(text, text.size() - 17 - ((seed >> 16U) & 31U), 16);
    } else {
      text.push_back(static_cast<char>(seed >> 24U));
    }
  }
  text.resize(size);
  return text;
}

}  // namespace mlbuild::test
