#pragma once

#include "blob_copy.hpp"

#include "mlbuild/sys/fd.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mlbuild {

/// An OCI layout that is being written (image-spec v1.1, image-layout.md). Holds a lock on the directory, so that two
/// runs that add to one layout wait for each other and what dead writers left can be told from what living ones write.
class LayoutDirectory {
 public:
  /// Made when missing, valid from then on at every moment. Throws Error{Usage} when `directory` holds something else.
  explicit LayoutDirectory(std::filesystem::path directory);
  std::string read_index() const;
  void write_index(std::string_view json) const;  ///< replaces atomically
  bool has_blob(const BlobDigest& digest, std::uint64_t size_bytes) const;
  void write_blob(const BlobDigest& digest, std::string_view content) const;
  void write_blob(const BlobDigest& digest, std::uint64_t size_bytes, BlobStore& store,
                  const CopyControl& control) const;

 private:
  std::filesystem::path blobs() const { return directory_ / "blobs" / "sha256"; }
  std::filesystem::path blob(const BlobDigest& digest) const { return blobs() / digest.hex(); }
  void refuse_other_content() const;
  void remove_litter() const;

  std::filesystem::path directory_;
  Fd lock_;
};

}  // namespace mlbuild
