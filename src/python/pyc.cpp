#include "mlbuild/python/pyc.hpp"

#include "marshal_graph.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild::python {
namespace {

constexpr std::size_t kHeaderBytes = 16;  // PEP 552: magic, flags, source hash
constexpr std::size_t kLimitBytes = std::size_t{256} << 20U;

// Lib/importlib/_bootstrap_external.py, "MAGIC_NUMBER"; Python/marshal.c, w_complex_object, "PyCode_Check".
// Up to 3.10: code, consts, names, varnames, freevars, cellvars, filename, name; lnotab.
constexpr PycFormat::CodeLayout kSixNumbers{6, 8, 1, 0b0011'1100, 0b1000'0000};
// From 3.11 on: code, consts, names, localsplusnames, localspluskinds, filename, name, qualname; linetable,
// exceptiontable.
constexpr PycFormat::CodeLayout kFiveNumbers{5, 8, 2, 0b0000'1100, 0b0100'0000};

constexpr std::array<PycFormat, 6> kFormats{{{"3.8", "cpython-38", 3413, kSixNumbers},
                                             {"3.9", "cpython-39", 3425, kSixNumbers},
                                             {"3.10", "cpython-310", 3439, kSixNumbers},
                                             {"3.11", "cpython-311", 3495, kFiveNumbers},
                                             {"3.12", "cpython-312", 3531, kFiveNumbers},
                                             {"3.13", "cpython-313", 3571, kFiveNumbers}}};

std::uint32_t little_endian(ByteSpan bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

void check_header(ByteSpan pyc, const PycFormat& format) {
  constexpr std::uint32_t kLineEnd = 0x0a0d;
  constexpr std::uint32_t kUncheckedHash = 1;
  if (pyc.size() < kHeaderBytes) throw Error(ErrorKind::Foreign, "bytecode file without a header");
  if (pyc.size() > kLimitBytes) throw Error(ErrorKind::Foreign, fmt::format("bytecode file of {} bytes", pyc.size()));
  const std::uint32_t magic = little_endian(pyc.first(2));
  if (magic != format.magic || little_endian(pyc.subspan(2, 2)) != kLineEnd) {
    throw Error(ErrorKind::Foreign, fmt::format("bytecode has the magic number {}, Python {} writes {}", magic,
                                                format.version, format.magic));
  }
  if (little_endian(pyc.subspan(4, 4)) != kUncheckedHash) {
    throw Error(ErrorKind::Foreign, "bytecode file is not an unchecked hash-based one");
  }
}

}  // namespace

std::optional<PycFormat> pyc_format(std::string_view version) {
  const auto* found = std::ranges::find(kFormats, version, &PycFormat::version);
  return found == kFormats.end() ? std::nullopt : std::optional(*found);
}

std::string pyc_path(std::string_view source_path, const PycFormat& format) {
  const std::size_t slash = source_path.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  std::string_view stem = source_path.substr(name);
  if (stem.ends_with(".py")) stem.remove_suffix(3);
  return fmt::format("{}__pycache__/{}.{}.pyc", source_path.substr(0, name), stem, format.cache_tag);
}

Bytes canonical_pyc(ByteSpan pyc, const PycFormat& format) {
  check_header(pyc, format);
  const ByteSpan header = pyc.first(kHeaderBytes);
  const MarshalGraph graph(pyc.subspan(kHeaderBytes), format.layout);
  Bytes out;
  out.reserve(pyc.size());
  out.insert(out.end(), header.begin(), header.end());
  graph.write(out);
  return out;
}

}  // namespace mlbuild::python
