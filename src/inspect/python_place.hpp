#pragma once

#include "image_tree.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// The image's Python, as its files tell.
struct PythonPlace {
  std::string program;  ///< real path of the interpreter; "" for none
  std::string version;  ///< "3.11"
};
PythonPlace find_python(const ImageTree& tree);

/// What the name of a shared object says of who can import it (PEP 3149, PEP 384).
enum class ModuleTag {
  None,       ///< no module's name: "libc.so.6"
  Plain,      ///< "x.so": a module, if it says so itself
  This,       ///< "x.cpython-311-x86_64-linux-gnu.so", "x.abi3.so"
  OtherAbi,   ///< for another version of Python, or its free-threaded or debug form
  OtherHost,  ///< for another processor or C library
};
/// `machine`: "x86_64", "aarch64".
ModuleTag module_tag(std::string_view file_name, std::string_view python_version, std::string_view machine);

/// "x" of "a/x.cpython-311-x86_64-linux-gnu.so".
std::string_view module_name(std::string_view path);

}  // namespace mlbuild
