#pragma once

#include "mlbuild/inspect/layer_scan.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What a file that no program of the image is likely to need is, by its path: docs/inspect.md has the table.
enum class FileCategory { Needed, Cache, Compiler, Header, StaticLibrary, Test, TypeStub, Documentation, Bytecode };
FileCategory category_of(std::string_view path);
std::string_view category_name(FileCategory category);  ///< "caches", "compilers", ...
/// All but Needed.
inline constexpr std::array kDispensable = {FileCategory::Cache,         FileCategory::Compiler, FileCategory::Header,
                                            FileCategory::StaticLibrary, FileCategory::Test,     FileCategory::TypeStub,
                                            FileCategory::Documentation, FileCategory::Bytecode};

/// Bytes in the image, and what the layers need for them.
struct ByteCount {
  std::uint64_t plain_bytes = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t files = 0;
  ByteCount& operator+=(const ByteCount& other);
  friend bool operator==(const ByteCount&, const ByteCount&) = default;
};

/// What a package says of itself: METADATA of a wheel, the control stanza of a .deb. For bills of materials.
struct PackageDescription {
  std::string architecture;              ///< of a .deb
  std::string license;                   ///< as written; "" when nothing is
  std::vector<std::string> classifiers;  ///< of licences only: "License :: OSI Approved :: MIT License"
  bool is_license_expression = false;    ///< SPDX, rather than free text
  std::vector<std::string> needs;        ///< names of packages; alternatives and those of other platforms included
};

/// An installed distribution or Debian package; or, last, what belongs to none.
struct ContentPackage {
  std::string kind;  ///< "wheel", "deb", "files"
  std::string name;
  std::string version;
  ByteCount bytes;                  ///< that are seen in the image
  std::vector<std::size_t> layers;  ///< that have them, bottom to top
  PackageDescription description = {};
};

/// A regular file that is seen in the image.
struct ContentFile {
  std::string path;
  ByteCount bytes;
  std::size_t layer = 0;
  std::size_t package = 0;  ///< index into ImageContents::packages
  FileCategory category = FileCategory::Needed;
  std::uint32_t crc32 = 0;
};

/// Files of equal content, which one copy would do for.
struct DuplicateFiles {
  std::uint64_t size_bytes = 0;    ///< of each
  std::vector<std::size_t> files;  ///< indices into ImageContents::files, two at least
  std::uint64_t wasted_bytes() const { return size_bytes * (files.size() - 1); }
};

/// A regular file that nobody sees: layers above have another one in its place, or delete it.
struct HiddenFile {
  std::string path;
  ByteCount bytes;
  std::size_t layer = 0;
  std::size_t by = 0;       ///< the layer that hides it; its own when the tar has it twice
  bool is_deleted = false;  ///< rather than replaced
};

struct ImageContents {
  std::vector<ContentFile> files;            ///< by path
  std::vector<ContentPackage> packages;      ///< largest first
  std::vector<ByteCount> hidden;             ///< of each layer: what layers above replace or delete
  std::vector<HiddenFile> hidden_files;      ///< the same, largest compressed first
  std::vector<DuplicateFiles> duplicates;    ///< most wasted first; files of less than 4 KiB are left out
  std::map<std::string, std::string> texts;  ///< LayerScan::texts that are seen, of installed packages only
  ByteCount sum() const;                     ///< of all files that are seen
  ByteCount of(FileCategory category) const;
};

/// Puts layers on top of each other (image-spec v1.1, layer.md, "Applying Changesets") and says what belongs to what.
/// A package is taken to be there when its own files say so in the image as it is seen; a file that two of them name
/// belongs to the first by name.
ImageContents explain(const std::vector<LayerScan>& layers);

}  // namespace mlbuild
