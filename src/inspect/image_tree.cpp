#include "image_tree.hpp"

#include "package_files.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

namespace mlbuild {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr unsigned kMaxLinks = 40;  // as Linux: path_resolution(7)

std::string below(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : std::string(directory).append("/").append(name);
}

}  // namespace

ImageTree::ImageTree(const std::vector<LayerScan>& layers) : layers_(layers) {
  nodes_.emplace("", Node{});
  for (std::size_t i = 0; i < layers.size(); ++i) add_layer(i);
  note_contents();
}

/// Whiteouts hide what layers below have, never their neighbours.
void ImageTree::add_layer(std::size_t number) {
  for (const ScannedEntry& entry : layers_[number].entries) {
    if (name_of(entry.path).starts_with(kWhiteout)) hide(entry);
  }
  for (const ScannedEntry& entry : layers_[number].entries) {
    if (!name_of(entry.path).starts_with(kWhiteout)) add_entry(entry, number);
  }
}

void ImageTree::hide(const ScannedEntry& entry) {
  const std::string_view name = name_of(entry.path);
  if (name == kOpaque)
    remove_below(parent_of(entry.path));
  else
    remove(below(parent_of(entry.path), name.substr(kWhiteout.size())));
}

void ImageTree::add_entry(const ScannedEntry& entry, std::size_t number) {
  if (entry.type != TarType::Directory) remove(entry.path);
  for (std::string_view at = parent_of(entry.path); !at.empty(); at = parent_of(at)) {
    const auto parent = nodes_.find(std::string(at));
    if (parent != nodes_.end() && parent->second.type == TarType::Directory) break;
    nodes_.insert_or_assign(std::string(at), Node{TarType::Directory, number, {}});
  }
  Node node{entry.type, number, {}};
  const auto link = layers_[number].links.find(entry.path);
  if (link != layers_[number].links.end()) node.link = link->second;
  nodes_.insert_or_assign(entry.path, node);
}

void ImageTree::remove(std::string_view path) {
  nodes_.erase(std::string(path));
  remove_below(path);
}

void ImageTree::remove_below(std::string_view path) {
  const std::string prefix = path.empty() ? std::string() : std::string(path) + "/";
  const auto begin = nodes_.upper_bound(prefix);  // below the root that is all but the root itself
  auto end = begin;
  while (end != nodes_.end() && end->first.starts_with(prefix)) ++end;
  nodes_.erase(begin, end);
}

void ImageTree::note_contents() {
  for (const auto& [path, node] : nodes_) {
    if (node.type != TarType::File && node.type != TarType::Hardlink) continue;
    const LayerScan& layer = layers_[node.layer];
    const std::string source = node.type == TarType::Hardlink ? std::string(node.link) : path;
    if (const auto at = layer.objects.find(source); at != layer.objects.end()) objects_.emplace(path, &at->second);
    if (const auto at = layer.broken_objects.find(source); at != layer.broken_objects.end())
      broken_.emplace(path, at->second);
    if (const auto at = layer.python_loads.find(source); at != layer.python_loads.end())
      python_loads_.emplace(path, &at->second);
    if (const auto at = layer.texts.find(source); at != layer.texts.end()) texts_.emplace(path, at->second);
  }
  keep_installed(texts_);
}

std::optional<std::string> ImageTree::resolve(std::string_view path) const {
  const auto [at, is_new] = known_.try_emplace(std::string(path));
  if (is_new) {
    unsigned links_left = kMaxLinks;
    at->second = walk(path, links_left);
  }
  return at->second;
}

std::optional<std::string> ImageTree::walk(std::string_view path, unsigned& links_left) const {
  std::string at;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      at = parent_of(at);
      continue;
    }
    const std::string next = below(at, part);
    const auto node = nodes_.find(next);
    if (node == nodes_.end()) return std::nullopt;
    if (node->second.type != TarType::Symlink) {
      at = next;
      continue;
    }
    if (links_left-- == 0) return std::nullopt;
    const std::string_view link = node->second.link;
    const std::optional<std::string> target =
        walk(link.starts_with('/') ? std::string(link) : below(at, link), links_left);
    if (!target) return std::nullopt;
    at = *target;
  }
  return at;
}

const elf::Object* ImageTree::object(const std::string& path) const {
  const auto found = objects_.find(path);
  return found == objects_.end() ? nullptr : found->second;
}

}  // namespace mlbuild
