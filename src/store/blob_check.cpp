#include "blob_check.hpp"

#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;

}  // namespace

const char* const kDamageHint =
    "the damaged file was moved aside: run the command again, it is fetched or made anew; `mlbuild store verify` "
    "checks "
    "the rest";

BlobDigest hash_all(Source& source) {
  Sha256 hash;
  Bytes buffer(kReadBytes);
  while (const std::size_t count = source.read(buffer)) hash.update(ByteSpan(buffer).first(count));
  return BlobDigest(hash.finish());
}

BlobDigest hash_all(const RandomAccess& file) {
  RangeSource source(file, 0, file.size_bytes());
  return hash_all(source);
}

Error absent_blob(const BlobDigest& digest) {
  Error error(ErrorKind::Io, fmt::format("blob {} is not in the store", digest.to_string()));
  error.hint("run the build again: it is fetched or made anew");
  return error;
}

Error damaged_blob(const BlobDigest& digest) {
  Error error(ErrorKind::Foreign, fmt::format("blob {} in the store is damaged", digest.to_string()));
  error.hint(kDamageHint);
  return error;
}

std::size_t GuardedSource::read(MutableByteSpan buffer) {
  try {
    const std::size_t count = inner_->read(buffer);
    if (count == 0 && !buffer.empty()) on_end_();
    return count;
  } catch (Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    on_damage_();
    error.hint(kDamageHint);
    throw;
  }
}

}  // namespace mlbuild
