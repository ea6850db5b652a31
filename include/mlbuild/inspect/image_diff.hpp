#pragma once

#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/oci/oci.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// A package in one image, the other, or both with other bytes. Absent: an empty version and no bytes.
struct PackageChange {
  std::string kind;
  std::string name;
  std::string before_version, after_version;
  ByteCount before, after;
  bool is_new() const { return before.files == 0; }
  bool is_gone() const { return after.files == 0; }
};

struct FileChange {
  std::string path;
  std::string package;  ///< "wheel numpy"; of the later image where it is there
  std::uint64_t before_bytes = 0, after_bytes = 0;
  enum class Kind { Added, Removed, Changed } kind = Kind::Changed;
};

/// One member of the image config that differs, as text: "env A", "cmd", "label team".
struct ConfigChange {
  std::string name;
  std::string before, after;
  friend bool operator==(const ConfigChange&, const ConfigChange&) = default;
};

struct ImageDiff {
  std::vector<PackageChange> packages;  ///< by how much they grew or shrank, most first
  std::vector<FileChange> files;        ///< the same
  std::vector<ConfigChange> config;
  ByteCount before, after;  ///< all layers, what is hidden included
};

/// Files are equal when size and CRC-32 are.
ImageDiff diff_images(const ImageContents& before, const ImageContents& after);
std::vector<ConfigChange> diff_configs(const oci::ImageConfig& before, const oci::ImageConfig& after);

}  // namespace mlbuild
