#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the dynamic loader needs to know of a file: System V ABI, "Object Files" and "Dynamic Linking"; symbol versions
/// as in LSB Core, "Symbol Versioning". Taken from program headers and PT_DYNAMIC only, since section headers may be
/// stripped and the loader does not look at them either.
namespace mlbuild::elf {

enum class Type : std::uint16_t { Executable = 2, Shared = 3 };

/// A version of symbols that the object expects of one of its libraries.
struct VersionNeed {
  std::string file;     ///< as in `needed`: "libc.so.6"
  std::string version;  ///< "GLIBC_2.34"
  bool weak = false;    ///< may be absent
  friend bool operator==(const VersionNeed&, const VersionNeed&) = default;
};

/// An executable or shared object.
struct Object {
  unsigned bits = 64;  ///< 32 or 64
  bool big_endian = false;
  std::uint16_t machine = 0;  ///< e_machine; see machine_name()
  Type type = Type::Shared;
  std::string interpreter;  ///< PT_INTERP: the loader's path; "" for libraries
  std::string soname;
  std::vector<std::string> needed;
  std::optional<std::string> rpath, runpath;
  bool no_default_paths = false;  ///< DF_1_NODEFLIB
  std::vector<VersionNeed> version_needs;
  std::vector<std::string> versions;     ///< that it defines, save for its own name
  std::vector<std::string> python_init;  ///< X of each PyInit_X among its names: it can be imported as X
  std::vector<std::string> gpu_code;     ///< of fat binaries: "sm_80" (machine code), "compute_90" (PTX); sorted
  friend bool operator==(const Object&, const Object&) = default;
};

/// Reads an object from a stream that goes by once, in at most 64 MiB of memory whatever its size: the beginning is
/// kept, and of what follows the segments that the headers there name, the last ones first.
class ObjectScanner {
 public:
  ObjectScanner();
  ~ObjectScanner();
  ObjectScanner(ObjectScanner&&) noexcept;
  ObjectScanner& operator=(ObjectScanner&&) noexcept;

  void restart();  ///< begins another object, in the same memory
  void write(ByteSpan bytes);
  /// Nothing for what is no executable and no shared object. Throws Error{Foreign} when it is broken, or, by name, when
  /// what is asked for is where only a second pass could read it.
  std::optional<Object> finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Whether a file begins like an ELF object; four bytes are enough.
bool is_elf(ByteSpan beginning);

/// Reads a whole stream. As ObjectScanner::finish().
std::optional<Object> read_object(Source& file);

std::string machine_name(std::uint16_t machine);  ///< "x86-64", "AArch64", ...; "machine 243" for one without a name
/// e_machine of an OCI architecture ("amd64", "arm64"); nothing for others.
std::optional<std::uint16_t> machine_of(std::string_view architecture);

}  // namespace mlbuild::elf
