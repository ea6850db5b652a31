#pragma once

#include "../../src/lock/base_tree.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/bytes.hpp"

#include <string>
#include <vector>

namespace mlbuild::test {

/// A layer's tar, written entry by entry.
class LayerTar {
 public:
  LayerTar& file(const std::string& path, const std::string& content = "x", std::uint32_t mode = 0755) {
    TarEntry entry;
    entry.path = path;
    entry.mode = mode;
    entry.size_bytes = content.size();
    bytes_ += tar_header(entry) + content + std::string(tar_padding_bytes(content.size()), '\0');
    return *this;
  }
  LayerTar& link(const std::string& path, const std::string& target, TarType type = TarType::Symlink) {
    TarEntry entry;
    entry.path = path;
    entry.type = type;
    entry.link_target = target;
    bytes_ += tar_header(entry);
    return *this;
  }
  LayerTar& directory(const std::string& path, const DirectoryAttributes& attributes = {}) {
    bytes_ += tar_header(directory_entry(path, 0, {{path, attributes}}));
    return *this;
  }
  std::string text() const { return bytes_ + std::string(as_text(tar_end_of_archive())); }

 private:
  std::string bytes_;
};

inline void add_layer(BaseTree& tree, const std::string& tar) {
  SpanSource source(as_bytes(tar));
  tree.add_layer(source, [] {});
}

inline BaseTree tree_of(const std::vector<LayerTar>& layers) {
  BaseTree tree;
  for (const LayerTar& layer : layers) add_layer(tree, layer.text());
  return tree;
}

}  // namespace mlbuild::test
