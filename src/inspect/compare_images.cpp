#include "mlbuild/inspect/compare_images.hpp"

#include "mlbuild/image/known_layers.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

std::map<std::string, const ScannedEntry*> by_path(const LayerScan& scan) {
  std::map<std::string, const ScannedEntry*> entries;
  for (const ScannedEntry& entry : scan.entries) entries[entry.path] = &entry;
  return entries;
}

bool same_content(const ScannedEntry& a, const ScannedEntry& b) {
  return a.type == b.type && a.size_bytes == b.size_bytes && a.crc32 == b.crc32;
}

/// Where a link leads; "" of what is none.
std::string_view target_of(const ScannedEntry& entry, const LayerScan& scan) {
  const bool is_link = entry.type == TarType::Symlink || entry.type == TarType::Hardlink;
  return is_link ? std::string_view(scan.links.at(entry.path)) : std::string_view();
}

std::vector<FileChange> changed_files(const LayerScan& found, const LayerScan& made) {
  std::vector<FileChange> changes;
  const auto before = by_path(found);
  const auto after = by_path(made);
  for (const auto& [path, entry] : before) {
    const auto other = after.find(path);
    if (other == after.end()) {
      changes.push_back({path, "", entry->size_bytes, 0, FileChange::Kind::Removed});
    } else if (!same_content(*entry, *other->second) || target_of(*entry, found) != target_of(*other->second, made)) {
      changes.push_back({path, "", entry->size_bytes, other->second->size_bytes, FileChange::Kind::Changed});
    }
  }
  for (const auto& [path, entry] : after) {
    if (!before.contains(path)) changes.push_back({path, "", 0, entry->size_bytes, FileChange::Kind::Added});
  }
  std::ranges::sort(changes, {}, &FileChange::path);
  return changes;
}

/// An image with the names of its layers and, as far as it tells them, the keys of the steps that made them.
struct NamedImage {
  explicit NamedImage(const Image& named)
      : image(named),
        config(oci::parse_config(image.config_json)),
        names(layer_names(config, oci::parse_manifest(image.manifest_json))),
        known(known_layers(oci::parse_manifest(image.manifest_json), config)) {}
  const Image& image;
  oci::ImageConfig config;
  std::vector<std::string> names;
  KnownLayers known;
};

/// "wheel numpy 1.26.4" -> "wheel numpy ": what a layer is, without its version and the number of its files.
std::string_view subject_of(std::string_view name) { return name.substr(0, name.find_first_of(",0123456789")); }

/// Which layer of `made` belongs to each of `found`: the next with the same line of history, else the next about the
/// same thing that is left.
std::vector<const ImageLayer*> partners_of(const NamedImage& found, const NamedImage& made) {
  std::vector<const ImageLayer*> partners(found.names.size());
  std::set<std::size_t> taken;
  const auto match = [&](const auto& fits) {
    for (std::size_t i = 0; i < partners.size(); ++i) {
      for (std::size_t j = 0; j < made.names.size() && partners[i] == nullptr; ++j) {
        if (fits(found.names[i], made.names[j]) && taken.insert(j).second) partners[i] = &made.image.layers[j];
      }
    }
  };
  match([](std::string_view one, std::string_view other) { return one == other; });
  match([](std::string_view one, std::string_view other) { return subject_of(one) == subject_of(other); });
  return partners;
}

/// Keys of two releases, or of other inputs. An image without keys tells nothing.
bool has_other_key(const NamedImage& found, const ImageLayer& made) {
  return !made.is_base && !found.known.layers.empty() && !found.known.layers.contains(made.key);
}

}  // namespace

bool ImageComparison::same() const { return same_manifest && same_config && same_layers() == layers.size(); }

std::size_t ImageComparison::same_layers() const {
  return static_cast<std::size_t>(std::ranges::count_if(layers, [](const auto& layer) { return layer.same(); }));
}

ImageComparison compare_images(const Image& found, const Image& made, const LayerReader& read_found,
                               const LayerReader& read_made) {
  const NamedImage one(found);
  const NamedImage other(made);
  ImageComparison comparison;
  const std::vector<const ImageLayer*> partners = partners_of(one, other);
  for (std::size_t i = 0; i < found.layers.size(); ++i) {
    LayerComparison& layer = comparison.layers.emplace_back();
    layer.created_by = one.names[i];
    layer.found = found.layers[i].facts.digest;
    layer.size_bytes = found.layers[i].facts.size_bytes;
    if (partners[i] == nullptr) continue;
    layer.made = partners[i]->facts.digest;
    if (layer.same()) continue;
    layer.other_key = has_other_key(one, *partners[i]);
    layer.files = changed_files(read_found(found.layers[i]), read_made(*partners[i]));
  }
  for (std::size_t i = 0; i < made.layers.size(); ++i) {
    if (std::ranges::find(partners, &made.layers[i]) != partners.end()) continue;
    LayerComparison& layer = comparison.layers.emplace_back();
    layer.created_by = other.names[i];
    layer.made = made.layers[i].facts.digest;
    layer.size_bytes = made.layers[i].facts.size_bytes;
  }
  comparison.config = diff_configs(one.config, other.config);
  comparison.same_config = found.config.digest == made.config.digest;
  comparison.same_manifest = found.manifest.digest == made.manifest.digest;
  return comparison;
}

}  // namespace mlbuild
