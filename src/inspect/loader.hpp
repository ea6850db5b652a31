#pragma once

#include "image_tree.hpp"

#include "mlbuild/oci/oci.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlbuild {

/// Directories that the dynamic loader of an image searches, whatever the object: ld.so(8).
struct LoaderPaths {
  std::vector<std::string> library_path;  ///< LD_LIBRARY_PATH of the image's config
  std::vector<std::string> configured;    ///< /etc/ld.so.conf, when ldconfig made a cache of it
  std::vector<std::string> builtin;       ///< of Debian's and of other distributions' glibc
  std::string lib, platform;              ///< $LIB and $PLATFORM
};
LoaderPaths loader_paths(const ImageTree& tree, const oci::ImageConfig& config);

/// One process: what it has loaded, and why. Copies are cheap, so that one with the interpreter in it is made once.
class Process {
 public:
  Process(const ImageTree& tree, const LoaderPaths& paths) : tree_(&tree), paths_(&paths) {}

  struct Loaded {
    const elf::Object* object = nullptr;
    std::string path;    ///< real
    std::string origin;  ///< the directory that it was found in: $ORIGIN
    std::string name;    ///< that it was asked for by
    std::size_t loader = 0;
    bool is_asked_for = false;  ///< by load(), not by an object
  };
  struct Failure {
    std::size_t needed_by = 0;  ///< index into loaded()
    std::string library;
    std::string other_machine;  ///< path of one for another processor; "" for none
  };
  struct MissingVersion {
    std::size_t needed_by = 0;
    std::size_t library = 0;  ///< index into loaded()
    std::string version;
  };

  /// Loads an object of the image and all that it needs, breadth first; the first one is the program.
  void load(const std::string& path);
  const std::vector<Loaded>& loaded() const { return loaded_; }
  const std::vector<Failure>& failures() const { return failures_; }
  /// Symbol versions that objects loaded from `first` on want and do not get.
  std::vector<MissingVersion> missing_versions(std::size_t first) const;
  /// From the one that was asked for to this one, by path.
  std::vector<std::string> chain(std::size_t index) const;

 private:
  struct Found {
    std::string path, origin;
    std::string other_machine;
  };
  void load_needed(std::size_t index);
  const Loaded* already(std::string_view name) const;
  Found search(const std::string& name, std::size_t needed_by) const;
  bool search_in(const std::vector<std::string>& directories, const std::string& name, Found& found) const;
  bool search_rpath(const std::string& list, const Loaded& owner, const std::string& name, Found& found) const;
  std::vector<std::string> expand(const std::string& list, const Loaded& owner) const;

  const ImageTree* tree_;
  const LoaderPaths* paths_;
  std::vector<Loaded> loaded_;
  std::vector<Failure> failures_;
};

}  // namespace mlbuild
