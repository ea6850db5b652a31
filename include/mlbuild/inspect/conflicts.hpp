#pragma once

#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/inspect/layer_scan.hpp"
#include "mlbuild/inspect/libraries.hpp"
#include "mlbuild/oci/oci.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Two things in an image that cannot both be right.
struct Conflict {
  enum class Kind {
    Missing,    ///< a distribution needs one that is not there
    Version,    ///< ... that is there in another version
    Python,     ///< a distribution is not for this version of Python
    Twice,      ///< one distribution in two versions
    Collision,  ///< two distributions want different files in one place
    Import,     ///< two distributions bring one import package
    Abi,        ///< an extension module for another Python or processor, and none for this one
    CLibrary,   ///< a newer GLIBC is needed than there is
  } kind = Kind::Missing;
  std::vector<std::string> packages;  ///< "pandas 2.2.2", those that disagree
  std::string text;                   ///< one sentence
  std::string fix;                    ///< what to write or remove
  std::vector<std::string> files;     ///< paths, for collisions and modules
};
std::string_view kind_name(
    Conflict::Kind kind);  ///< "missing", "version", "python", "twice", "collision", "import", "abi", "glibc"

/// Metadata of the installed distributions among each other (as `pip check`: without extras), their files, and what
/// `libraries` found out about GLIBC. docs/check.md
std::vector<Conflict> find_conflicts(const std::vector<LayerScan>& layers, const ImageContents& contents,
                                     const LibraryReport& libraries, const oci::ImageConfig& config);

}  // namespace mlbuild
