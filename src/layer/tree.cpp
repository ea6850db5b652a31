#include "mlbuild/layer/tree.hpp"

#include "rooted_tree.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/borrowed_source.hpp"

#include <fmt/format.h>

#include <unordered_set>

namespace mlbuild {
namespace {

// OCI image-spec v1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";
constexpr std::string_view kReservedPrefix = ".wh..wh.";  // AUFS's own files

/// One layer on its way into the tree. Whiteouts hide what lower layers left, never what this layer brings, wherever in
/// the tar they stand; so the layer's own paths are remembered.
class LayerUnpacker {
 public:
  enum class Below { InTree, InOtherTrees };
  LayerUnpacker(RootedTree& tree, Below below, const Cancellation& cancellation)
      : tree_(tree), below_(below), cancellation_(cancellation) {}

  void add(const TarEntry& entry, Source& content) {
    cancellation_.check();
    const auto slash = entry.path.rfind('/');
    const std::string directory = slash == std::string::npos ? "" : entry.path.substr(0, slash);
    const std::string name = slash == std::string::npos ? entry.path : entry.path.substr(slash + 1);
    if (name.starts_with(kWhiteoutPrefix)) {
      hide(directory, name);
    } else {
      make(entry, content);
    }
  }

 private:
  void make(const TarEntry& entry, Source& content);
  void hide(const std::string& directory, const std::string& name);
  void remember(std::string path);

  RootedTree& tree_;
  const Below below_;
  const Cancellation& cancellation_;
  std::unordered_set<std::string> own_paths_;
};

void LayerUnpacker::make(const TarEntry& entry, Source& content) {
  remember(entry.path);
  switch (entry.type) {
    case TarType::Directory: {
      const bool replaced = tree_.hides(entry.path);
      tree_.make_directory(entry);
      return replaced ? tree_.make_opaque(entry.path) : void();
    }
    case TarType::File:
      return tree_.make_file(entry, content, [this] { cancellation_.check(); });
    case TarType::Symlink:
      return tree_.make_symlink(entry);
    case TarType::Hardlink:
      return tree_.make_hardlink(entry);
  }
}

void LayerUnpacker::hide(const std::string& directory, const std::string& name) {
  const auto is_own = [this](const std::string& path) { return own_paths_.contains(path); };
  const bool is_marked = below_ == Below::InOtherTrees;
  if (name == kOpaqueName) return is_marked ? tree_.make_opaque(directory) : tree_.clear(directory, is_own);
  if (name.starts_with(kReservedPrefix)) return;
  const std::string hidden = name.substr(kWhiteoutPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    throw Error(ErrorKind::Foreign, fmt::format("whiteout `{}` hides nothing that can be named", printable(name)));
  }
  const std::string path = directory.empty() ? hidden : directory + "/" + hidden;
  if (!is_own(path)) return is_marked ? tree_.hide(path) : tree_.remove(path);
  if (is_marked) return tree_.is_directory(path) ? tree_.make_opaque(path) : void();
  tree_.clear(path, is_own);  // the layer replaces the directory: nothing of the lower one shines through
}

/// A path's parents come with it, even when the tar leaves them out.
void LayerUnpacker::remember(std::string path) {
  while (own_paths_.insert(path).second) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return;
    path.resize(slash);
  }
}

}  // namespace

namespace {

void unpack_plain(Source& tar, LayerUnpacker& unpacker) {
  read_foreign_layer(tar, [&](const TarEntry& entry, Source& content) { unpacker.add(entry, content); });
  NullSink rest;  // to the end, where checksums are
  copy(tar, rest);
}

void unpack(Source& layer, LayerUnpacker& unpacker, const ExpansionLimit& limit) {
  const std::unique_ptr<Source> tar = decompress(std::make_unique<BorrowedSource>(layer), limit);
  unpack_plain(*tar, unpacker);
}

}  // namespace

void unpack_layers(const std::vector<Source*>& layers, const std::filesystem::path& root,
                   const Cancellation& cancellation, const ExpansionLimit& limit) {
  RootedTree tree(root);
  for (Source* layer : layers) {
    LayerUnpacker unpacker(tree, LayerUnpacker::Below::InTree, cancellation);
    unpack(*layer, unpacker, limit);
  }
}

void unpack_tar(Source& tar, const std::filesystem::path& root, const Cancellation& cancellation) {
  RootedTree tree(root);
  LayerUnpacker unpacker(tree, LayerUnpacker::Below::InTree, cancellation);
  unpack_plain(tar, unpacker);
}

void unpack_upper_layer(Source& layer, const std::filesystem::path& root, const Cancellation& cancellation) {
  RootedTree tree(root);
  LayerUnpacker unpacker(tree, LayerUnpacker::Below::InOtherTrees, cancellation);
  unpack(layer, unpacker, {});
}

}  // namespace mlbuild
