#pragma once

#include "mlbuild/base/digest.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string_view>

namespace mlbuild {

/// Where things are in a disk store: docs/formats/store.md.
///
/// Blobs lie flat, so that making one durable is one fsync of one directory that exists already. Facts and cards are
/// spread over 256 directories; they need not be durable (a lost one is a step that runs again).
class StoreLayout {
 public:
  explicit StoreLayout(std::filesystem::path root) : root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }
  bool is_made() const;  ///< the lock is made last
  std::filesystem::path lock() const { return root_ / "lock"; }
  std::filesystem::path tmp() const { return root_ / "tmp"; }
  std::filesystem::path quarantine() const { return root_ / "quarantine"; }
  std::filesystem::path blobs() const { return root_ / "blobs" / "sha256"; }
  std::filesystem::path virtual_blobs() const { return root_ / "virtual" / "sha256"; }
  std::filesystem::path keys() const { return root_ / "keys"; }
  std::filesystem::path cards() const { return root_ / "cards"; }
  std::filesystem::path trees() const { return root_ / "trees"; }
  std::filesystem::path tool_caches() const { return root_ / "tool-cache"; }
  std::filesystem::path blob(const BlobDigest& digest) const { return blobs() / digest.hex(); }
  std::filesystem::path virtual_blob(const BlobDigest& digest) const { return virtual_blobs() / digest.hex(); }
  std::filesystem::path key(const StepKey& key) const { return fan_out(keys(), key.hex()); }
  std::filesystem::path card(std::string_view step_id) const;
  std::filesystem::path tree(const StepKey& key) const { return trees() / key.hex(); }

 private:
  static std::filesystem::path fan_out(const std::filesystem::path& directory, const std::string& hex) {
    return directory / hex.substr(0, 2) / hex;
  }
  std::filesystem::path root_;
};

/// Which file has a name at the moment; no file's when there is none.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
FileId file_id(const std::filesystem::path& path);

/// Moves a damaged file aside, so that it is not found again. `damaged` was asked for before the file was opened: what
/// has its name by now is left alone when it is another file, since somebody else found the damage first and may have
/// repaired it. Throws Error{Io}.
void move_aside(const StoreLayout& layout, const std::filesystem::path& path, const FileId& damaged);

/// Size of a regular file, or nothing. Notes the use: its mtime is when it was last used, written at most once an hour
/// so that a build that does nothing writes nothing.
std::optional<std::uint64_t> use_file(const std::filesystem::path& path);
/// The same for a directory.
bool use_directory(const std::filesystem::path& path);

}  // namespace mlbuild
