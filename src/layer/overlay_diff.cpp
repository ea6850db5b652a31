// An overlay's upper directory says what a command did in the words of one file system: copies of everything that was
// ever opened for writing, device files for what is gone, attributes of the kernel's own. A layer says what is
// different in the image. The walk goes down the upper directory, and beside it asks the trees below what was there
// before; what is the same as before is dropped, since a mere touch must not make another layer.

#include "mlbuild/layer/overlay_diff.hpp"

#include "overlay_marks.hpp"
#include "parent_directories.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/sys/file.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

// The kernel's bookkeeping, and labels that a host with SELinux puts on every file.
constexpr std::array<std::string_view, 11> kMeaninglessAttributes = {
    kOpaqueAttribute,        kWhiteoutAttribute,   kEntryAttribute,         "user.overlay.origin",
    "user.overlay.impure",   "user.overlay.nlink", "user.overlay.upper",    "user.overlay.uuid",
    "user.overlay.protattr", "security.selinux",   "user.overlay.whiteouts"};

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_errno(errno, "look at", path);
  return status;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  return names;
}

bool same_content(const fs::path& one, const fs::path& other) {
  FileSource first(one);
  FileSource second(other);
  Bytes first_part(kStreamBufferBytes);
  Bytes second_part(kStreamBufferBytes);
  for (;;) {
    const std::size_t got = first.read(first_part);
    std::size_t matched = 0;
    while (matched < got) {
      const std::size_t more = second.read(MutableByteSpan(second_part).first(got - matched));
      if (more == 0 || !std::equal(second_part.begin(), second_part.begin() + static_cast<std::ptrdiff_t>(more),
                                   first_part.begin() + static_cast<std::ptrdiff_t>(matched)))
        return false;
      matched += more;
    }
    if (got == 0) return second.read(MutableByteSpan(second_part).first(1)) == 0;
  }
}

/// Below a mode without these its owner could not read it either, once capabilities are gone.
void make_readable(const fs::path& path, const struct stat& status) {
  const mode_t wanted = S_ISDIR(status.st_mode) ? 0500 : 0400;
  if ((status.st_mode & wanted) == wanted) return;
  if (::chmod(path.c_str(), (status.st_mode & 07777U) | wanted) != 0) throw_errno(errno, "make readable", path);
}

class UpperWalk {
 public:
  UpperWalk(fs::path upper, const std::vector<fs::path>& lower, const OverlayRules& rules,
            const Cancellation& cancellation)
      : upper_(std::move(upper)), lower_(lower), rules_(rules), cancellation_(cancellation) {}

  std::vector<OverlayEntry> run() {
    check_attributes_work();
    add_children("", !is_opaque(upper_));
    settle_links();
    refused_.throw_if_any();
    return result();
  }

 private:
  using Before = std::optional<fs::path>;

  struct Found {
    OverlayEntry entry;
    bool changed = false;  ///< against the trees below; directories: no entry of their own unless something is below
    std::pair<dev_t, ino_t> file;  ///< File
  };

  /// Without user attributes the kernel cannot say what a command replaced, nor a tree who owns a file.
  void check_attributes_work() const {
    std::array<char, 1> ignored{};
    if (::lgetxattr(upper_.c_str(), kOpaqueAttribute, ignored.data(), ignored.size()) < 0 && errno == ENOTSUP) {
      throw Error(ErrorKind::Step,
                  fmt::format("the file system of `{}` keeps no attributes, which steps need", upper_.string()))
          .hint("put the store on another one, e.g. ext4, xfs or btrfs: `--store DIR`");
    }
  }

  bool is_left_out(const std::string& path) const { return std::ranges::count(rules_.left_out, path) != 0; }

  void refuse(const std::string& path, const std::string& why, const std::string& hint) {
    refused_.add(
        Error(ErrorKind::Step, fmt::format("`/{}` cannot be part of a layer: {}", printable(path), why)).hint(hint));
  }

  /// What the trees show at the path. `merged`: nothing above it in the upper directory hides them.
  Before before(const std::string& path, bool merged) const {
    return merged ? find_in_trees(lower_, path) : std::nullopt;
  }

  void add_children(const std::string& directory, bool merged) {
    const fs::path host = upper_ / directory;
    for (const std::string& name : names_in(host)) {
      cancellation_.check();
      const std::string path = directory.empty() ? name : directory + "/" + name;
      if (!is_left_out(path)) add(path, name, merged);
    }
  }

  void add(const std::string& path, const std::string& name, bool merged) {
    const fs::path host = upper_ / path;
    const struct stat status = status_of(host);
    const Before lower = before(path, merged);
    if (is_whiteout(host, status)) {
      if (lower) add_mark(path, path.substr(0, path.size() - name.size()) + std::string(kWhiteoutPrefix) + name);
      return;
    }
    if (!is_acceptable(path, name, host, status)) return;
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR:
        return add_directory(path, host, status, lower, merged);
      case S_IFREG:
        return add_file(path, host, status, lower);
      default:
        return add_symlink(path, host, status, lower);
    }
  }

  bool is_acceptable(const std::string& path, const std::string& name, const fs::path& host,
                     const struct stat& status) {
    const std::size_t before_count = refused_.errors().size();
    const std::string remove = "remove it at the end of the step, or make it below /tmp";
    if (const std::string why = why_unsafe_path(path); !why.empty()) refuse(path, why, remove);
    if (name.starts_with(kWhiteoutPrefix)) refuse(path, "its name means something else there", "give it another name");
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) refuse(path, "it is a device", remove);
    if (S_ISSOCK(status.st_mode)) refuse(path, "it is a socket", remove);
    if (S_ISFIFO(status.st_mode)) refuse(path, "it is a FIFO", remove);
    const bool set_id = S_ISREG(status.st_mode) && (status.st_mode & (S_ISUID | S_ISGID)) != 0;
    if (set_id && std::ranges::count(rules_.set_id_files, path) == 0)
      refuse(path, "whoever starts it gets the rights of its owner", "take the set-id bit away: `chmod ug-s`");
    for (const std::string& attribute : list_attributes(host)) {
      if (std::ranges::count(kMeaninglessAttributes, attribute) == 0)
        refuse(path, fmt::format("it has the attribute `{}`", printable(attribute)),
               "remove it with `setfattr -x`, or write the file anew");
    }
    return refused_.errors().size() == before_count;
  }

  std::uint64_t inside(const std::vector<OwnerPair>& owners, std::uint64_t outside, const std::string& path) {
    const auto found = std::ranges::find(owners, outside, &OwnerPair::outside);
    if (found != owners.end()) return found->inside;
    refuse(path, fmt::format("its owner {} is nobody in the sandbox", outside),
           "was it made by something else than the step?");
    return 0;
  }

  TarEntry tar_entry(const std::string& path, TarType type, const fs::path& host, const struct stat& status) {
    const TrueEntry truth =
        true_entry(host, status, inside(rules_.users, status.st_uid, path), inside(rules_.groups, status.st_gid, path));
    TarEntry entry;
    entry.path = path;
    entry.type = type;
    entry.mode = truth.mode;
    entry.uid = truth.uid;
    entry.gid = truth.gid;
    return entry;
  }

  /// Owner and mode as they were; the mode was never changed by this walk, which stays out of the trees.
  static bool same_metadata(const fs::path& now, const struct stat& status, const fs::path& lower) {
    const struct stat old = status_of(lower);
    const bool same_kind = (old.st_mode & S_IFMT) == (status.st_mode & S_IFMT);
    return same_kind && (old.st_mode & 07777U) == (status.st_mode & 07777U) &&
           read_attribute(now, kEntryAttribute) == read_attribute(lower, kEntryAttribute);
  }

  void add_directory(const std::string& path, const fs::path& host, const struct stat& status, const Before& lower,
                     bool merged) {
    const bool was_directory = lower && S_ISDIR(status_of(*lower).st_mode);
    make_readable(host, status);
    Found found;
    found.entry.tar = tar_entry(path, TarType::Directory, host, status);
    found.changed = !was_directory || !same_metadata(host, status, *lower);
    const bool opaque = is_opaque(host);
    if (opaque && was_directory) add_mark(path, fmt::format("{}/{}", path, kOpaqueName));
    found_.emplace(path, std::move(found));
    add_children(path, merged && was_directory && !opaque);
  }

  void add_file(const std::string& path, const fs::path& host, const struct stat& status, const Before& lower) {
    make_readable(host, status);
    Found found;
    found.entry.tar = tar_entry(path, TarType::File, host, status);
    found.entry.tar.size_bytes = static_cast<std::uint64_t>(status.st_size);
    found.entry.host = host;
    found.file = {status.st_dev, status.st_ino};
    found.changed = !lower || !same_metadata(host, status, *lower) || status_of(*lower).st_size != status.st_size ||
                    !same_content(host, *lower);
    found_.emplace(path, std::move(found));
  }

  void add_symlink(const std::string& path, const fs::path& host, const struct stat& status, const Before& lower) {
    Found found;
    found.entry.tar = tar_entry(path, TarType::Symlink, host, status);
    found.entry.tar.mode = 0777;
    found.entry.tar.link_target = fs::read_symlink(host).string();
    found.changed = !lower || !fs::is_symlink(*lower) || fs::read_symlink(*lower) != found.entry.tar.link_target;
    found_.emplace(path, std::move(found));
  }

  /// An empty file whose name says what is gone.
  void add_mark(const std::string& gone, std::string path) {
    if (const std::string why = why_unsafe_path(path); !why.empty()) {
      return refuse(gone, fmt::format("it was removed, and the name of the mark that says so is bad: {}", why),
                    "leave it where it is, or remove the whole directory");
    }
    Found mark;
    mark.entry.tar.path = path;
    mark.changed = true;
    found_.emplace(std::move(path), std::move(mark));
  }

  /// Names of one file stay together: when one of them is new, the others come along. The first carries the content.
  void settle_links() {
    std::map<std::pair<dev_t, ino_t>, std::vector<Found*>> names;
    for (auto& [path, found] : found_) {
      if (!found.entry.host.empty()) names[found.file].push_back(&found);
    }
    for (auto& [file, group] : names) {
      if (std::ranges::none_of(group, &Found::changed)) continue;
      for (Found* name : group) {
        name->changed = true;
        if (name == group.front()) continue;
        TarEntry& link = name->entry.tar;
        link.type = TarType::Hardlink;
        link.size_bytes = 0;
        link.link_target = group.front()->entry.tar.path;
        name->entry.host.clear();
      }
    }
  }

  std::vector<OverlayEntry> result() {
    std::set<std::string, std::less<>> needed;
    for (auto found = found_.rbegin(); found != found_.rend(); ++found) {  // what is below a directory comes first
      const std::string& path = found->first;
      if (!found->second.changed || (!needed.contains(path) && is_way_only(path, found->second))) continue;
      add_parent_directories(path, needed);
      needed.insert(path);
    }
    std::vector<OverlayEntry> entries;
    for (auto& [path, found] : found_) {
      if (needed.contains(path)) entries.push_back(std::move(found.entry));
    }
    return entries;
  }

  /// A new directory that was made for nothing but a place that is left out: mount points have parents.
  bool is_way_only(const std::string& path, const Found& found) const {
    const std::string below = path + "/";
    const auto leads_to = [&](const std::string& place) { return place.starts_with(below); };
    return found.entry.tar.type == TarType::Directory && std::ranges::any_of(rules_.left_out, leads_to) &&
           !find_in_trees(lower_, path);
  }

  fs::path upper_;
  const std::vector<fs::path>& lower_;
  const OverlayRules& rules_;
  const Cancellation& cancellation_;
  Diagnostics refused_;
  std::map<std::string, Found> found_;
};

}  // namespace

std::vector<OverlayEntry> read_overlay(const fs::path& upper, const std::vector<fs::path>& lower,
                                       const OverlayRules& rules, const Cancellation& cancellation) {
  return UpperWalk(upper, lower, rules, cancellation).run();
}

}  // namespace mlbuild
