#pragma once

#include <functional>

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/file.hpp"
#include "store_layout.hpp"

namespace mlbuild {

/// Writes a real blob: tmp/<name>, hashed while written, fsync, rename to its digest, fsync of the directory. The first error is final.
class BlobFileWriter final : public BlobWriter {
 public:
  /// `on_committed` learns the digest of what is now durable.
  BlobFileWriter(const StoreLayout& layout, std::function<void(const BlobDigest&)> on_committed);
  ~BlobFileWriter() override;
  BlobFileWriter(const BlobFileWriter&) = delete;
  BlobFileWriter& operator=(const BlobFileWriter&) = delete;
  void write(ByteSpan bytes) override;
  BlobDigest commit(std::optional<BlobDigest> expected) override;

 private:
  StoreLayout layout_;
  std::function<void(const BlobDigest&)> on_committed_;
  std::filesystem::path temporary_;
  Fd fd_;
  Sha256 hash_;
};

/// fsync of a directory, so that a rename in it survives a power cut.
void sync_directory(const std::filesystem::path& directory);

}  // namespace mlbuild
