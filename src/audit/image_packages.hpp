#pragma once

#include "package_rules.hpp"

#include "mlbuild/inspect/contents.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlbuild {

/// The packages of an image with their files: bytecode belongs to whom its source does, also where nobody lists it.
class ImagePackages {
 public:
  ImagePackages(const ImageContents& contents, const std::string& machine);

  const PackageGraph& wheels() const { return wheels_; }
  const PackageGraph& debs() const { return debs_; }
  const std::string& python_version() const { return python_version_; }

  struct Owner {
    std::string kind;  ///< "wheel", "deb", "files"
    std::string name;
  };
  const Owner& owner_of(std::size_t file) const { return owners_[owner_of_[file]]; }
  /// Indices into ImageContents::files.
  const std::vector<std::size_t>& files_of_wheel(const std::string& name) const;

 private:
  void give_files(const ImageContents& contents);
  void read_wheels(const ImageContents& contents, const std::string& machine);
  void read_debs(const ImageContents& contents);
  SavedBytes bytes_of(const std::string& kind, const std::string& name) const;

  PackageGraph wheels_, debs_;
  std::string python_version_ = "3.11";
  std::vector<Owner> owners_;
  std::vector<std::size_t> owner_of_;  ///< of each file
  std::map<std::pair<std::string, std::string>, ByteCount> bytes_;
  std::map<std::string, std::vector<std::size_t>> wheel_files_;
};

/// "a/b.py" of "a/__pycache__/b.cpython-311.pyc"; "" for what is no bytecode in a cache.
std::string source_of_bytecode(std::string_view path);

}  // namespace mlbuild
