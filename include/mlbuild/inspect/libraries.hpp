#pragma once

#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/inspect/layer_scan.hpp"
#include "mlbuild/inspect/library_package.hpp"
#include "mlbuild/oci/oci.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// How sure it is that a program meets the problem.
enum class Certainty {
  Certain,  ///< `import`, or starting the program, fails
  Sibling,  ///< the library is elsewhere in the image: fine when the package that has it was imported before
  Perhaps,  ///< plugins and the like, which nothing in the image is known to load; modules of the standard library
  Driver,   ///< a library of the NVIDIA driver, which the container runtime mounts
};
std::string_view certainty_name(Certainty certainty);  ///< "error", "sibling", "perhaps", "driver"

/// A library that the loader does not find, or not in the form that is needed.
struct LibraryProblem {
  enum class Kind {
    Missing,       ///< no file of the name where it is searched
    OtherMachine,  ///< only for another processor: `found`
    Version,       ///< `found` is there, but does not have the symbol version `version`
  } kind = Kind::Missing;
  Certainty certainty = Certainty::Certain;
  std::string library;             ///< "libGL.so.1"
  std::string version;             ///< "GLIBC_2.38"
  std::string found;               ///< path
  std::vector<std::string> chain;  ///< paths from what is imported or started (first) to what needs the library
  std::string package;             ///< that the first one belongs to: "wheel opencv-python 4.10.0.84"
  std::vector<std::string> roots;  ///< all that meet it, by path
  LibraryPackage advice;           ///< what to install
};
std::string_view kind_name(LibraryProblem::Kind kind);  ///< "missing", "machine", "version"

struct LibraryReport {
  std::vector<LibraryProblem> problems;  ///< certain ones first
  std::size_t objects = 0;               ///< ELF objects in the image
  std::size_t roots = 0;                 ///< that were followed as imported or started
  std::string python;                    ///< "3.11"; "" without an interpreter
  bool has_errors() const;
};

/// Follows every program and every Python extension module of the image to the libraries that they load, as ld.so(8)
/// does: what the process has already, DT_RPATH of the object and of those that loaded it, LD_LIBRARY_PATH of the
/// image, DT_RUNPATH, /etc/ld.so.conf where there is a cache of it, the built-in directories. Libraries that Python
/// sources load by name (ctypes) are followed, too; so is all the rest, which may be loaded or not. docs/check.md
LibraryReport check_libraries(const std::vector<LayerScan>& layers, const ImageContents& contents,
                              const oci::ImageConfig& config);

}  // namespace mlbuild
