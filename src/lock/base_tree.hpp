#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/layer/base_directories.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace mlbuild {

/// The root that a stack of layers gives, without its contents: OCI image-spec v1.1, layer.md ("Whiteouts", "Opaque
/// Whiteout"), as overlay-based stores show it: an entry below what was a link replaces the link. Of a few files the
/// text, or what was found in them, is kept. Bounded: entries, bytes of names, kept text and work; more is
/// Error{Foreign}.
class BaseTree {
 public:
  struct Node {
    TarType type = TarType::Directory;
    bool executable = false;
    DirectoryAttributes directory = {};
    std::size_t layer = 0;  ///< that brought it last
    std::string link_target;
    std::optional<std::string> text;  ///< kept content
    std::set<std::string> found;      ///< versions that a scan of the content met
  };
  using Nodes = std::map<std::string, Node, std::less<>>;

  /// Reads the next layer, plain, to its end.
  void add_layer(Source& tar, const std::function<void()>& check_cancelled);

  /// The path behind a path, links followed within the root; nothing when it does not exist or the links go in circles.
  std::optional<std::string> resolve(std::string_view path) const;
  const Node* find(std::string_view path) const;  ///< links followed
  const Node* find_exactly(std::string_view path) const;
  bool exists(std::string_view path) const { return find(path) != nullptr; }
  /// As resolve(), but what of the end of the path does not exist is appended as it is.
  std::string place(std::string_view path) const;
  const Nodes& nodes() const { return nodes_; }
  /// Names directly in a directory; links followed.
  std::vector<std::string> names_in(std::string_view directory) const;

 private:
  void add(const TarEntry& entry, Source& content);
  void hide(const std::string& directory, const std::string& name);
  void make_parents(const std::string& path);
  void remove_below(const std::string& path, bool whole);
  void put(const std::string& path, Node node);
  void spend(std::uint64_t work);
  std::optional<std::string> walk(std::string_view path, std::string& rest) const;

  Nodes nodes_;
  std::size_t layer_count_ = 0;
  std::uint64_t name_bytes_ = 0, text_bytes_ = 0, work_ = 0;
  std::unordered_set<std::string> opaque_;  ///< of the layer at hand
};

}  // namespace mlbuild
