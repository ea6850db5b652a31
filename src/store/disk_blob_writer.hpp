#pragma once

#include "pending_file.hpp"
#include "verified_blobs.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/store/blob_store.hpp"

namespace mlbuild {

/// Writes a real blob, hashed on its way. What this process wrote counts as verified.
class DiskBlobWriter final : public BlobWriter {
 public:
  DiskBlobWriter(const StoreLayout& layout, VerifiedBlobs& verified)
      : layout_(layout), verified_(verified), file_(layout) {}
  void write(ByteSpan bytes) override;
  BlobDigest commit(std::optional<BlobDigest> expected) override;

 private:
  const StoreLayout& layout_;
  VerifiedBlobs& verified_;
  PendingFile file_;
  Sha256 hash_;
};

}  // namespace mlbuild
