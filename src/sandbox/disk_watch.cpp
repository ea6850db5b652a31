// Those who write may rename, nest and lock what they write while it is looked at. So each step works on a descriptor
// and a single name and follows no link, as in the removal of such trees, and what vanishes meanwhile is nothing.

#include "disk_watch.hpp"

#include "deleted_files.hpp"
#include "file_system_kind.hpp"
#include "helper_job.hpp"
#include "mount_point.hpp"
#include "process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <set>
#include <string_view>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{250};
constexpr std::chrono::seconds kLongestPause{5};
constexpr int kPausePerLook = 20;  // at most a twentieth of one processor, unless that made the pause too long
constexpr std::uint64_t kLeastBytes = 4096;  // an empty file takes an inode
constexpr unsigned kEntriesBetweenQuestions = 512;
// Deeper than build tools go, whose names end at PATH_MAX; each level takes one of the usual 1024 descriptors.
constexpr int kMaxDepth = 900;

/// Lets us look into a directory whose owner, who we are, has taken the right from himself, for as long as it lives.
class Unlocked {
 public:
  Unlocked(int parent, const char* name) {
    if (::faccessat(parent, name, R_OK | X_OK, 0) == 0 || errno != EACCES) return;
    directory_ = Fd(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory_.valid()) return;
    before_ = mode();
    change(before_ | S_IRUSR | S_IXUSR);
  }
  ~Unlocked() {
    const bool is_ours = directory_.valid() && mode() == (before_ | S_IRUSR | S_IXUSR);
    if (is_ours) change(before_);
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  mode_t mode() const {
    struct stat status {};
    ::fstat(directory_.get(), &status);
    return status.st_mode & ~static_cast<mode_t>(S_IFMT);
  }
  /// fchmod refuses O_PATH descriptors. A failure is seen when the directory is opened.
  void change(mode_t mode) const { ::chmod(path_of(directory_).c_str(), mode); }

  Fd directory_;
  mode_t before_ = 0;
};

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;

Listing list(int parent, const char* name) {
  Fd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  Listing listing(directory.valid() ? ::fdopendir(directory.get()) : nullptr, &::closedir);
  if (listing) directory.release();
  return listing;
}

/// Adds up blocks until they are more than the limit, or until something cannot be looked at.
class Sum {
 public:
  Sum(std::uint64_t limit_bytes, const std::function<bool()>& is_wanted_elsewhere)
      : limit_bytes_(limit_bytes), is_wanted_elsewhere_(is_wanted_elsewhere) {}
  bool is_exceeded() const { return is_unknown_ || bytes_ > limit_bytes_; }
  std::uint64_t bytes() const { return bytes_; }

  void add(const struct stat& status) {
    bytes_ += std::max(allocated_bytes(status), kLeastBytes) / std::max<nlink_t>(1, status.st_nlink);
  }

  void add_place(const Fd& place) {
    struct stat status {};
    if (::fstat(place.get(), &status) != 0) return failed();
    add(status);
    if (S_ISDIR(status.st_mode)) add_content(place.get(), ".", 0);
  }

 private:
  void add_content(int parent, const char* name, int depth) {  // NOLINT(misc-no-recursion): up to kMaxDepth
    if (depth > kMaxDepth) is_unknown_ = true;
    if (is_over()) return;
    const Unlocked unlocked(parent, name);
    const Listing listing = list(parent, name);
    if (!listing) return failed();
    errno = 0;
    while (const dirent* entry = ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
      const std::string_view found = entry->d_name;
      if (found != "." && found != "..") add_entry(::dirfd(listing.get()), entry->d_name, depth + 1);
      if (is_over()) return;
      errno = 0;
    }
    failed();
  }

  bool is_over() const { return is_exceeded() || is_given_up_; }

  void add_entry(int parent, const char* name, int depth) {  // NOLINT(misc-no-recursion): likewise
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return failed();
    add(status);
    if (++entries_ % kEntriesBetweenQuestions == 0) is_given_up_ = is_wanted_elsewhere_();
    if (S_ISDIR(status.st_mode)) add_content(parent, name, depth);
  }

  /// What vanishes while we look, or becomes something else, is nothing.
  void failed() {
    if (errno != 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) is_unknown_ = true;
  }

  std::uint64_t limit_bytes_;
  const std::function<bool()>& is_wanted_elsewhere_;
  std::uint64_t bytes_ = 0;
  unsigned entries_ = 0;
  bool is_unknown_ = false;
  bool is_given_up_ = false;
};

/// Deleted files that are still open, where what is written counts: not those in memory.
void add_deleted_files(pid_t process, const std::set<dev_t>& devices, Sum& sum) {
  for (const DeletedFile& file : deleted_files(tree_of(process))) {
    if (devices.contains(file.status.st_dev) || is_on(file.descriptor, OVERLAYFS_SUPER_MAGIC)) sum.add(file.status);
  }
}

Fd open_place(const fs::path& path) {
  Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) throw SetupFailure{stage::kOther, errno, path.string()};
  return place;
}

std::vector<Fd> open_places(const std::vector<fs::path>& places) {
  std::vector<Fd> opened;
  for (const fs::path& place : places) opened.push_back(open_place(place));
  return opened;
}

std::set<dev_t> devices_of(const std::vector<Fd>& places) {
  std::set<dev_t> devices;
  struct stat status {};
  for (const Fd& place : places) {
    if (::fstat(place.get(), &status) == 0) devices.insert(status.st_dev);
  }
  return devices;
}

}  // namespace

DiskWatch::DiskWatch(const std::vector<fs::path>& places, std::uint64_t limit_bytes)
    : limit_bytes_(limit_bytes), next_look_(Clock::now() + kPause) {
  if (is_on()) places_ = open_places(places);
}

bool DiskWatch::is_exceeded(pid_t process, const std::function<bool()>& is_wanted_elsewhere) {
  const Clock::time_point begin = Clock::now();
  Sum sum(limit_bytes_, is_wanted_elsewhere);
  for (const Fd& place : places_) sum.add_place(place);
  add_deleted_files(process, devices_of(places_), sum);
  const Clock::time_point now = Clock::now();
  next_look_ = now + std::clamp<Clock::duration>(kPausePerLook * (now - begin), kPause, kLongestPause);
  return sum.is_exceeded();
}

std::uint64_t bytes_on_disk(const std::vector<fs::path>& places) {
  const std::function<bool()> never = [] { return false; };
  Sum sum(std::numeric_limits<std::uint64_t>::max(), never);
  for (const Fd& place : open_places(places)) sum.add_place(place);
  return sum.bytes();
}

}  // namespace mlbuild
