#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "mlbuild/base/digest.hpp"

namespace mlbuild {

/// Where things are in a disk store: docs/formats/store.md.
class StoreLayout {
 public:
  explicit StoreLayout(std::filesystem::path root) : root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path lock() const { return root_ / "lock"; }
  std::filesystem::path tmp() const { return root_ / "tmp"; }
  std::filesystem::path quarantine() const { return root_ / "quarantine"; }
  std::filesystem::path blobs() const { return root_ / "blobs" / "sha256"; }
  std::filesystem::path virtual_blobs() const { return root_ / "virtual" / "sha256"; }
  std::filesystem::path keys() const { return root_ / "keys"; }
  std::filesystem::path cards() const { return root_ / "cards"; }
  std::filesystem::path trees() const { return root_ / "trees"; }
  std::filesystem::path blob(const BlobDigest& digest) const { return fan_out(blobs(), digest.hex()); }
  std::filesystem::path virtual_blob(const BlobDigest& digest) const { return fan_out(virtual_blobs(), digest.hex()); }
  std::filesystem::path key(const StepKey& key) const { return fan_out(keys(), key.hex()); }
  std::filesystem::path card(std::string_view step_id) const;
  std::filesystem::path tree(const StepKey& key) const { return trees() / key.hex(); }

 private:
  static std::filesystem::path fan_out(const std::filesystem::path& directory, const std::string& hex) {
    return directory / hex.substr(0, 2) / hex;
  }
  std::filesystem::path root_;
};

/// Small files with their own checksum: "<64 hex>\n<payload>". Truncated or changed ones read as nullopt.
std::string with_checksum(std::string_view payload);
std::optional<std::string> checked_payload(std::string_view content);

/// Moves a damaged file aside, so that it is not found again; missing is fine.
void move_aside(const StoreLayout& layout, const std::filesystem::path& path);

}  // namespace mlbuild
