#include "deb_tree.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/merged_usr.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 15> kDocumentation = {"usr/share/man",
                                                             "usr/share/info",
                                                             "usr/share/locale",
                                                             "usr/share/lintian",
                                                             "usr/share/linda",
                                                             "usr/share/doc-base",
                                                             "usr/share/bug",
                                                             "usr/share/menu",
                                                             "usr/share/gtk-doc",
                                                             "usr/share/help",
                                                             "usr/share/groff",
                                                             "usr/share/bash-completion",
                                                             "usr/share/zsh/vendor-completions",
                                                             "usr/share/fish/vendor_completions.d",
                                                             "usr/share/reportbug"};

/// File systems of the container runtime: what a package ships there would be hidden, or worse, not.
bool is_runtime_mount(std::string_view path) {
  return is_at_or_below(path, "dev") || is_at_or_below(path, "proc") || is_at_or_below(path, "sys");
}

Digest digest_of(Source& content) {
  NullSink nowhere;
  HashingSink hash(nowhere);
  copy(content, hash);
  return hash.digest();
}

std::string describe(const DebTree& tree, std::size_t package) {
  return package == DebTree::kNoPackage ? "the base" : fmt::format("package `{}`", tree.packages()[package].name);
}

}  // namespace

bool is_documentation(const TarEntry& entry) {
  const std::string_view path = entry.path;
  if (is_at_or_below(path, "usr/share/doc")) {
    const auto parts = split(path, '/');
    const bool is_copyright = parts.size() == 5 && parts[4] == "copyright" && entry.type != TarType::Directory;
    const bool stands_for_directory = parts.size() == 4 && entry.type == TarType::Symlink;
    return !is_copyright && !stands_for_directory;
  }
  return std::any_of(kDocumentation.begin(), kDocumentation.end(),
                     [&](std::string_view directory) { return is_at_or_below(path, directory); });
}

void DebTree::add_package(std::string name, std::string version, const UnpackedDeb& shipped) {
  const std::string_view replaces = shipped.control.fields.get("Replaces");
  packages_.push_back({std::move(name), std::move(version), debian::parse_dependencies(replaces), 0});
  for (const UnpackedDeb::Entry& entry : shipped.entries) add_shipped(packages_.size() - 1, entry);
}

std::string DebTree::path_of(std::string_view shipped) const {
  return merged_usr_ ? debian::merged_usr_path(shipped) : std::string(shipped);
}

void DebTree::add_shipped(std::size_t package, const UnpackedDeb::Entry& unpacked) {
  const TarEntry& shipped = unpacked.tar;
  DebEntry entry;
  entry.tar = shipped;
  entry.package = package;
  entry.tar.path = path_of(shipped.path);
  if (shipped.type == TarType::Hardlink) entry.tar.link_target = path_of(shipped.link_target);
  if (debian::is_merged_link(shipped.path) && shipped.type == TarType::Symlink) return;  // the base makes these links
  if (!keep_documentation_ && is_documentation(entry.tar)) return;
  if (const std::string why = why_unsafe_path(entry.tar.path); !why.empty()) {  // it grew by the merged-/usr prefix
    throw Error(ErrorKind::Foreign, fmt::format("`{}...`: {}", printable(shipped.path.substr(0, 200)), why));
  }
  if (is_runtime_mount(entry.tar.path)) {
    if (shipped.type == TarType::Directory && parent_of(entry.tar.path).empty()) return;
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is on a file system of the container runtime", entry.tar.path));
  }
  if (shipped.type == TarType::File) {
    // An image's programs run under one user, so set-id bits only widen what an attacker can do (docs/debian.md).
    entry.tar.mode &= 01777U;
    entry.content = pool_.add(unpacked.content);
  }
  merge(std::move(entry));
}

bool DebTree::replaces(std::size_t newer, std::size_t older) const {
  const DebTreePackage& other = packages_[older];
  for (const debian::DependencyGroup& group : packages_[newer].replaces) {
    if (group.front().name == other.name && group.front().accepts(other.version)) return true;
  }
  return false;
}

/// Hard links are never the same: what they lead to is decided when all packages are there.
bool DebTree::are_same(const DebEntry& a, const DebEntry& b) const {
  if (a.tar.type == TarType::Symlink) return a.tar.link_target == b.tar.link_target;
  if (a.tar.type != TarType::File || a.tar.size_bytes != b.tar.size_bytes) return false;
  return digest_of(*pool_.open(a.content)) == digest_of(*pool_.open(b.content));
}

void DebTree::merge(DebEntry entry) {
  const auto [place, is_new] = entries_.try_emplace(entry.tar.path, entry);
  if (is_new) return;
  DebEntry& known = place->second;
  if (known.package == entry.package) {
    // One package may ship a directory twice, as lib/x and usr/lib/x; anything else twice has no meaning.
    if (known.tar.type == TarType::Directory && entry.tar.type == TarType::Directory) return;
    throw Error(ErrorKind::Foreign,
                fmt::format("`{}` is shipped twice by {}", entry.tar.path, describe(*this, entry.package)));
  }
  if (known.tar.type == entry.tar.type) {
    if (entry.tar.type == TarType::Directory || are_same(known, entry)) return;
  }
  if (known.tar.type != TarType::Directory && entry.tar.type != TarType::Directory) {
    if (replaces(known.package, entry.package)) return;
    if (replaces(entry.package, known.package)) {
      known = std::move(entry);
      return;
    }
  }
  throw Error(ErrorKind::Foreign, fmt::format("`{}` is different in {} and {}", entry.tar.path,
                                              describe(*this, known.package), describe(*this, entry.package)))
      .hint("leave out one of the two packages");
}

void DebTree::add_directory(const std::string& path, std::uint32_t mode, std::uint64_t gid) {
  DebEntry entry;
  entry.tar = {path, TarType::Directory, mode, 0, gid, 0, 0, ""};
  entry.package = kNoPackage;
  entries_.try_emplace(path, std::move(entry));
}

void DebTree::add_file(const std::string& path, std::string_view content, std::uint32_t mode, std::uint64_t gid) {
  if (entries_.contains(path)) return;
  DebEntry entry;
  entry.tar = {path, TarType::File, mode, 0, gid, 0, content.size(), ""};
  entry.content = pool_.add(Bytes(as_bytes(content).begin(), as_bytes(content).end()));
  entry.package = kNoPackage;
  entries_.emplace(path, std::move(entry));
}

void DebTree::add_symlink(const std::string& path, const std::string& target) {
  DebEntry entry;
  entry.tar = {path, TarType::Symlink, 0777, 0, 0, 0, 0, target};
  entry.package = kNoPackage;
  entries_.try_emplace(path, std::move(entry));
}

void DebTree::replace_file(const std::string& path, std::string_view content) {
  const auto found = entries_.find(path);
  if (found == entries_.end()) return add_file(path, content);
  const TarEntry before = found->second.tar;
  entries_.erase(found);
  add_file(path, content, before.mode, before.gid);
}

const DebEntry* DebTree::find(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

const DebEntry* DebTree::resolve(std::string_view path) const {
  std::string current(path);
  for (int hops = 0; hops < 16; ++hops) {
    while (current.starts_with('/')) current.erase(0, 1);
    current = path_of(current);
    const DebEntry* entry = find(current);
    if (entry == nullptr || entry->tar.type != TarType::Symlink) return entry;
    std::string next = entry->tar.link_target.starts_with('/') ? "" : std::string(parent_of(current));
    for (const std::string_view part : split(entry->tar.link_target, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        next = std::string(parent_of(next));
      } else {
        next.append(next.empty() ? "" : "/").append(part);
      }
    }
    current = std::move(next);
  }
  return nullptr;
}

std::string DebTree::read_file(const DebEntry& entry, std::uint64_t limit_bytes) const {
  const Bytes bytes = read_all(*pool_.open(entry.content), limit_bytes);
  return std::string(as_text(bytes));
}

void DebTree::add_missing_parents() {
  std::set<std::string, std::less<>> missing;
  for (const auto& [path, entry] : entries_) {
    for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
      const DebEntry* above = find(parent);
      if (above != nullptr && above->tar.type != TarType::Directory) {
        // Extracting would follow the link, perhaps out of the root.
        throw Error(ErrorKind::Foreign,
                    fmt::format("`{}` of {} lies below `{}`, which is no directory in {}", path,
                                describe(*this, entry.package), parent, describe(*this, above->package)));
      }
      if (above != nullptr || !missing.emplace(parent).second) break;  // what is above it was or will be looked at
    }
  }
  for (const std::string& path : missing) add_directory(path);
}

/// A hard link must come after its target, but path order knows nothing of that: the first of the names becomes the
/// file.
void DebTree::settle_hard_links() {
  std::map<std::string, std::vector<std::string>> names_of_file;
  for (const auto& [path, entry] : entries_) {
    if (entry.tar.type != TarType::Hardlink) continue;
    std::string target = entry.tar.link_target;
    const DebEntry* file = find(target);
    for (int hops = 0; hops < 64 && file != nullptr && file->tar.type == TarType::Hardlink; ++hops) {
      target = file->tar.link_target;
      file = find(target);
    }
    if (file == nullptr || file->tar.type != TarType::File || file->package != entry.package) {
      throw Error(ErrorKind::Foreign, fmt::format("hard link `{}` of {} leads to `{}`, which is no file of the package",
                                                  path, describe(*this, entry.package), entry.tar.link_target));
    }
    names_of_file[target].push_back(path);
  }
  for (auto& [target, names] : names_of_file) {
    const DebEntry file = entries_.find(target)->second;
    names.push_back(target);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      DebEntry& entry = entries_.find(name)->second;
      entry = file;
      entry.tar.path = name;
      if (name == names.front()) continue;
      entry.tar.type = TarType::Hardlink;
      entry.tar.size_bytes = 0;
      entry.tar.link_target = names.front();
    }
  }
}

void DebTree::write(LayerWriter& out, std::int64_t epoch_seconds) {
  settle_hard_links();
  add_missing_parents();
  for (auto& [path, entry] : entries_) {
    entry.tar.mtime_seconds = epoch_seconds;
    if (entry.tar.type != TarType::File) {
      out.add(entry.tar);
      continue;
    }
    if (entry.package != kNoPackage) packages_[entry.package].plain_size_bytes += entry.tar.size_bytes;
    out.add_file(entry.tar, *pool_.open(entry.content));
  }
}

}  // namespace mlbuild
