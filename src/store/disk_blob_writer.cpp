#include "disk_blob_writer.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {

void DiskBlobWriter::write(ByteSpan bytes) {
  hash_.update(bytes);
  file_.write(bytes);
}

BlobDigest DiskBlobWriter::commit(std::optional<BlobDigest> expected) {
  const BlobDigest digest(hash_.finish());
  if (expected && *expected != digest) {
    throw Error(ErrorKind::Foreign,
                fmt::format("the bytes have digest {}, not {}", digest.to_string(), expected->to_string()));
  }
  const std::filesystem::path path = layout_.blob(digest);
  // A file that is there but was not hashed in this process is replaced: it may be damaged.
  if (verified_.contains(digest) && use_file(path)) return digest;
  file_.commit(path, PendingFile::Durability::Durable);
  verified_.add(digest);
  return digest;
}

}  // namespace mlbuild
