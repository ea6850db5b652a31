// canonical_pycs VERSION <in >out: each file of the input, its length as 32 bits little endian in front, in canonical
// form, likewise. For tests that ask a real interpreter.
#include "mlbuild/base/error.hpp"
#include "mlbuild/python/pyc.hpp"

#include <array>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

namespace {

std::uint32_t read_u32(std::istream& in) {
  std::array<unsigned char, 4> bytes{};
  in.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | bytes[i - 1];
  return value;
}

void write_u32(std::ostream& out, std::size_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.put(static_cast<char>(value >> shift));
}

}  // namespace

int main(int argc, char** argv) {
  const auto format = argc == 2 ? mlbuild::python::pyc_format(argv[1]) : std::nullopt;
  if (!format) return 2;
  std::ios::sync_with_stdio(false);
  try {
    while (std::cin.peek() != EOF) {
      std::string pyc(read_u32(std::cin), '\0');
      std::cin.read(pyc.data(), static_cast<std::streamsize>(pyc.size()));
      const mlbuild::Bytes canonical = mlbuild::python::canonical_pyc(mlbuild::as_bytes(pyc), *format);
      write_u32(std::cout, canonical.size());
      std::cout << mlbuild::as_text(canonical);
    }
  } catch (const mlbuild::Error& error) {
    std::cerr << error.message() << "\n";
    return 1;
  }
  return 0;
}
