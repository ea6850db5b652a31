#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild::python {

/// How one minor version of CPython writes code objects.
struct PycFormat {
  std::string_view version;    ///< "3.11"
  std::string_view cache_tag;  ///< "cpython-311" (PEP 3147)
  std::uint16_t magic = 0;     ///< first two bytes of the file, little endian; "\r\n" follows
  struct CodeLayout {
    std::uint8_t numbers = 0;                  ///< 32-bit fields in front
    std::uint8_t objects = 0;                  ///< marshalled objects behind them, "name" and "filename" among them
    std::uint8_t objects_behind_line = 0;      ///< marshalled objects behind the line number
    std::uint16_t name_tuples = 0, names = 0;  ///< bit i: object i is a tuple of identifiers, is an identifier
  } layout;
};

/// What is known of a minor version, "3.11"; nothing for those whose code objects mlbuild cannot read.
std::optional<PycFormat> pyc_format(std::string_view version);

/// Where the interpreter looks for the bytecode of a source file (PEP 3147): "a/b.py" -> "a/__pycache__/b.TAG.pyc".
std::string pyc_path(std::string_view source_path, const PycFormat& format);

/// Raise whenever canonical_pyc would give other bytes for the same file.
inline constexpr int kCanonicalPycVersion = 1;

/// The one file that stands for all that the interpreter may write for the same code. What marshal writes depends on
/// the interpreter's history: an object is marked as one that may be referred to when anything else in the process
/// holds it, and a string as interned when anything has interned it. Here both follow from the values in the file
/// alone. The interpreter loads the same code from it. docs/formats/pyc.md.
///
/// Takes unchecked hash-based files (PEP 552) of `format` only. Throws Error{Foreign} for everything else; depth,
/// lengths and memory are bounded by the size of `pyc`.
Bytes canonical_pyc(ByteSpan pyc, const PycFormat& format);

}  // namespace mlbuild::python
