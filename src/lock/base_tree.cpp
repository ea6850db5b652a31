#include "base_tree.hpp"

#include "version_scan.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxNodes = std::size_t{1} << 21U;
constexpr std::uint64_t kMaxNameBytes = std::uint64_t{256} << 20U;
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 28U;  // entries looked at while lower layers are hidden
constexpr std::uint64_t kMaxScannedBytes = std::uint64_t{256} << 20U;
constexpr int kMaxLinkHops = 40;  // Linux takes as many (path_resolution(7))

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";
constexpr std::string_view kReservedPrefix = ".wh..wh.";  // AUFS's own files

/// How much of a file is kept as text; 0: nothing.
std::uint64_t text_limit(std::string_view path) {
  constexpr std::uint64_t kSmall = 64U << 10U;
  if (path == "etc/os-release" || path == "usr/lib/os-release" || name_of(path) == "pyvenv.cfg") return kSmall;
  if (path == "var/lib/dpkg/status") return 32U << 20U;
  if (path.starts_with("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums")) return 1U << 20U;
  if (name_of(path) == "patchlevel.h") return kSmall;
  const std::string_view parent = parent_of(path);
  const bool is_dist_info = parent.ends_with(".dist-info") && name_of(path) == "RECORD";
  return is_dist_info ? 4U << 20U : 0;
}

/// "3.11" of python3.11, libpython3.11.so.1.0.
std::string minor_version_in(std::string_view name) {
  if (name.starts_with("lib")) name.remove_prefix(3);
  if (!name.starts_with("python3.")) return "";
  std::size_t end = std::string_view("python3.").size();
  const std::size_t begin = end;
  while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
  const std::string_view rest = name.substr(end);
  const bool is_binary = rest.empty() || rest.starts_with(".so");
  return end > begin && end - begin <= 3 && is_binary ? std::string(name.substr(6, end - 6)) : "";
}

bool is_libc(std::string_view name) {
  return name == "libc.so.6" || (name.starts_with("libc-2.") && name.ends_with(".so"));
}

void look_into(const TarEntry& entry, Source& content, BaseTree::Node& node) {
  const std::string_view name = name_of(entry.path);
  if (entry.size_bytes > kMaxScannedBytes) return;
  if (const std::string minor = minor_version_in(name); !minor.empty()) {
    node.found = scan_python_versions(content, minor);
  } else if (is_libc(name)) {
    node.found = scan_glibc_versions(content);
  }
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::Foreign, "the layers of the base are refused: " + why);
}

}  // namespace

void BaseTree::spend(std::uint64_t work) {
  work_ += work;
  if (work_ > kMaxWork) refuse("they hide and bring back too much");
}

void BaseTree::add_layer(Source& tar, const std::function<void()>& check_cancelled) {
  ++layer_count_;
  opaque_.clear();
  read_foreign_layer(tar, [&](const TarEntry& entry, Source& content) {
    check_cancelled();
    const std::string_view name = name_of(entry.path);
    if (name.starts_with(kWhiteoutPrefix)) {
      hide(std::string(parent_of(entry.path)), std::string(name));
    } else {
      add(entry, content);
    }
  });
}

void BaseTree::add(const TarEntry& entry, Source& content) {
  name_bytes_ += entry.link_target.size();
  Node node;
  node.type = entry.type;
  node.executable = (entry.mode & 0111U) != 0;
  if (entry.type == TarType::Directory) node.directory = {entry.mode, entry.uid, entry.gid};
  node.link_target = entry.link_target;
  if (entry.type == TarType::Hardlink) {  // a name of the same file, which stays when the other one is hidden
    if (const Node* target = find_exactly(entry.link_target)) node = *target;
  }
  if (entry.type == TarType::File) {
    const std::uint64_t limit = text_limit(entry.path);
    if (limit > 0 && entry.size_bytes <= limit) {
      node.text = std::string(as_text(read_all(content, limit)));
      text_bytes_ += node.text->size();
      if (text_bytes_ > kMaxTextBytes) refuse("their package databases are too large");
    } else {
      look_into(entry, content, node);
    }
  }
  put(entry.path, std::move(node));
}

void BaseTree::put(const std::string& path, Node node) {
  make_parents(path);
  node.layer = layer_count_ - 1;
  if (node.type != TarType::Directory) remove_below(path, true);
  const auto [place, is_new] = nodes_.insert_or_assign(path, std::move(node));
  if (!is_new) return;
  name_bytes_ += path.size();
  if (nodes_.size() > kMaxNodes || name_bytes_ > kMaxNameBytes) refuse("they have too many files");
}

/// Parents are directories of this layer, whatever stood there before.
void BaseTree::make_parents(const std::string& path) {
  const std::string parent(parent_of(path));
  if (parent.empty()) return;
  const auto known = nodes_.find(parent);
  if (known != nodes_.end() && known->second.type == TarType::Directory) {
    known->second.layer = layer_count_ - 1;
    // Its own parents are directories, but may be known from a lower layer only.
    for (std::string_view above = parent_of(parent); !above.empty(); above = parent_of(above)) {
      Node& node = nodes_.find(above)->second;
      if (node.layer == layer_count_ - 1) break;
      node.layer = layer_count_ - 1;
    }
    return;
  }
  if (known != nodes_.end()) nodes_.erase(known);
  put(parent, Node{});
}

/// What lower layers brought below a path; `whole`: what this layer brought, too.
void BaseTree::remove_below(const std::string& path, bool whole) {
  auto at = path.empty() ? nodes_.begin() : nodes_.lower_bound(path + "/");
  const std::string end = path + "0";  // the character behind the slash
  std::uint64_t looked = 1;
  while (at != nodes_.end() && (path.empty() || at->first < end)) {
    ++looked;
    at = whole || at->second.layer + 1 != layer_count_ ? nodes_.erase(at) : std::next(at);
  }
  spend(looked);
}

void BaseTree::hide(const std::string& directory, const std::string& name) {
  if (name == kOpaqueName) {
    if (opaque_.insert(directory).second) remove_below(directory, false);
    return;
  }
  if (name.starts_with(kReservedPrefix)) return;
  const std::string hidden = name.substr(kWhiteoutPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    refuse(fmt::format("whiteout `{}` hides nothing", printable(name)));
  const std::string path = directory.empty() ? hidden : directory + "/" + hidden;
  const auto known = nodes_.find(path);
  if (known == nodes_.end()) return;
  const bool is_own = known->second.layer + 1 == layer_count_;
  remove_below(path, !is_own);
  if (!is_own) nodes_.erase(path);
}

const BaseTree::Node* BaseTree::find_exactly(std::string_view path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

/// Goes as far as there are entries; `rest` is what is left of the path then. Nothing when links go in circles.
std::optional<std::string> BaseTree::walk(std::string_view path, std::string& rest) const {
  std::deque<std::string> parts;
  for (const std::string_view part : split(path, '/')) parts.emplace_back(part);
  std::string at;
  int hops = 0;
  while (!parts.empty()) {
    const std::string part = std::move(parts.front());
    parts.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      at = std::string(parent_of(at));
      continue;
    }
    std::string next = at.empty() ? part : at + "/" + part;
    const Node* node = find_exactly(next);
    if (node == nullptr) {
      rest = part;
      for (const std::string& more : parts) {
        if (!more.empty() && more != ".") rest += "/" + more;
      }
      return at;
    }
    if (node->type == TarType::Symlink) {
      if (++hops > kMaxLinkHops) return std::nullopt;
      const std::vector<std::string_view> target = split(node->link_target, '/');
      for (auto word = target.rbegin(); word != target.rend(); ++word) parts.emplace_front(*word);
      if (node->link_target.starts_with('/')) at.clear();
      continue;
    }
    at = std::move(next);
  }
  rest.clear();
  return at;
}

std::optional<std::string> BaseTree::resolve(std::string_view path) const {
  std::string rest;
  std::optional<std::string> at = walk(path, rest);
  if (!at || !rest.empty()) return std::nullopt;
  return at;
}

const BaseTree::Node* BaseTree::find(std::string_view path) const {
  const std::optional<std::string> place = resolve(path);
  return place ? find_exactly(*place) : nullptr;
}

std::string BaseTree::place(std::string_view path) const {
  std::string rest;
  const std::optional<std::string> at = walk(path, rest);
  if (!at) return std::string(path);
  if (rest.empty()) return *at;
  return at->empty() ? rest : *at + "/" + rest;
}

std::vector<std::string> BaseTree::names_in(std::string_view directory) const {
  std::vector<std::string> names;
  const std::optional<std::string> at = resolve(directory);
  if (!at) return names;
  const std::string prefix = at->empty() ? "" : *at + "/";
  auto entry = nodes_.lower_bound(prefix);
  while (entry != nodes_.end() && entry->first.starts_with(prefix)) {
    const std::string_view below = std::string_view(entry->first).substr(prefix.size());
    const std::size_t slash = below.find('/');
    if (slash == std::string_view::npos) {
      names.emplace_back(below);
      ++entry;
    } else {  // its directory was met before; behind everything below that
      entry = nodes_.lower_bound(prefix + std::string(below.substr(0, slash)) + "0");
    }
  }
  return names;
}

}  // namespace mlbuild
