#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/store/key_card.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

struct DirectoryAttributes {
  std::uint32_t mode = 0755;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  friend bool operator==(const DirectoryAttributes&, const DirectoryAttributes&) = default;
};
std::string to_string(const DirectoryAttributes& attributes);             ///< "1777 0:0"
DirectoryAttributes parse_directory_attributes(const std::string& text);  ///< throws Error{Foreign}

/// Directories that a base has with another mode or owner than 0755 and root, by path. Every layer carries the parents
/// of its files, and what an entry says of a directory replaces what lower layers say (OCI image-spec v1.1, layer.md,
/// "Modifications"): so a layer must say of these what the base says.
using BaseDirectories = std::map<std::string, DirectoryAttributes, std::less<>>;
void add_base_directories(KeyCard& card, const BaseDirectories& directories);

/// Those that mlbuild puts below the packages of the bases that it makes.
const BaseDirectories& skeleton_directories();

/// Those and what base-files brings, which is in every such base. What other packages ship with another mode is not
/// known before they are unpacked, and not among them.
const BaseDirectories& own_base_directories();

/// The entry of a directory over such a base.
TarEntry directory_entry(std::string_view path, std::int64_t epoch_seconds, const BaseDirectories& below);

}  // namespace mlbuild
