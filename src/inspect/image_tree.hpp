#pragma once

#include "mlbuild/inspect/layer_scan.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlbuild {

/// The names of an image as a process in it finds them: layers on top of each other (image-spec v1.1, layer.md,
/// "Applying Changesets"), symbolic links followed. Paths have no slash in front. `layers` must outlive it.
class ImageTree {
 public:
  explicit ImageTree(const std::vector<LayerScan>& layers);

  /// The real path of what is there, links followed; nothing for what is not there, or a circle of links. Not
  /// thread-safe: answers are kept.
  std::optional<std::string> resolve(std::string_view path) const;
  bool exists(std::string_view path) const { return resolve(path).has_value(); }
  /// By real path; null for what is none.
  const elf::Object* object(const std::string& path) const;
  /// All that are seen, by real path.
  const std::map<std::string, const elf::Object*>& objects() const { return objects_; }
  const std::map<std::string, std::string_view>& broken_objects() const { return broken_; }
  const std::map<std::string, const PythonLoads*>& python_loads() const { return python_loads_; }
  /// Of distributions those that are installed (package_files.hpp).
  const std::map<std::string, std::string_view>& texts() const { return texts_; }
  /// Names of regular files and links, in order; the mapped value is of no use to others.
  struct Node {
    TarType type = TarType::Directory;
    std::size_t layer = 0;
    std::string_view link;
  };
  const std::map<std::string, Node>& nodes() const { return nodes_; }

 private:
  void add_layer(std::size_t number);
  void hide(const ScannedEntry& entry);
  void add_entry(const ScannedEntry& entry, std::size_t number);
  void remove(std::string_view path);
  void remove_below(std::string_view path);
  std::optional<std::string> walk(std::string_view path, unsigned& links_left) const;
  void note_contents();

  const std::vector<LayerScan>& layers_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, const elf::Object*> objects_;
  std::map<std::string, std::string_view> broken_;
  std::map<std::string, const PythonLoads*> python_loads_;
  std::map<std::string, std::string_view> texts_;
  mutable std::unordered_map<std::string, std::optional<std::string>> known_;
};

}  // namespace mlbuild
