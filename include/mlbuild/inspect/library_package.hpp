#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

/// What to install for a shared library that is not there.
struct LibraryPackage {
  enum class Kind {
    None,    ///< nobody is known to have it
    Debian,  ///< a package of Debian bookworm has it
    Named,   ///< not in the table, but Debian names such packages so (policy 8.1); perhaps there is none
    Wheel,   ///< a project of the Python index has it
  } kind = Kind::None;
  std::string name;  ///< "libgl1", "nvidia-cublas-cu12"
};

class LibraryPackages {
 public:
  LibraryPackages();
  LibraryPackage find(std::string_view library) const;  ///< by SONAME

 private:
  std::map<std::string_view, std::string_view> debian_;
};

}  // namespace mlbuild
