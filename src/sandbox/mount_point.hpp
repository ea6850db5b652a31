#pragma once

#include "mlbuild/sys/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace mlbuild {

/// Mount points below a root that foreign packages have filled. Every look-up stays inside that root: links are
/// followed as the command would see them (openat2, RESOLVE_IN_ROOT) or, for what the sandbox itself mounts, not at
/// all. Missing directories and files are made. Throws SetupFailure.
class MountPoints {
 public:
  explicit MountPoints(Fd root) : root_(std::move(root)) {}
  Fd own_directory(const std::string& path) const;  ///< no component may be a link
  Fd existing(const std::string& path) const;       ///< invalid when missing; no component may be a link
  Fd directory(const std::filesystem::path& path) const;
  Fd file(const std::filesystem::path& path) const;  ///< a dangling link in its place is replaced
  int root() const { return root_.get(); }

 private:
  Fd look_up(const std::string& path, std::uint64_t resolve) const;
  Fd make_directory(const std::filesystem::path& path, std::uint64_t resolve) const;
  Fd root_;
};

/// "/proc/self/fd/N": what mount(2) takes as a path, without looking anything up again.
std::string path_of(const Fd& fd);

/// Makes what `source` shows (with everything mounted below it) visible at `target`; `attributes` are MOUNT_ATTR_...,
/// set on all of it on top of what it has, so that flags which a user namespace has locked stay as they are.
void bind_mount(const Fd& source, const Fd& target, std::uint64_t attributes, const std::string& name);

}  // namespace mlbuild
