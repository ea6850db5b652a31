#include "blob_copy.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::size_t kBufferBytes = 1U << 20U;

}  // namespace

void copy_blob(BlobStore& store, const BlobDigest& digest, std::uint64_t size_bytes, Sink& out,
               const CopyControl& control) {
  const std::unique_ptr<Source> blob = store.stream(digest);
  Bytes buffer(kBufferBytes);
  std::uint64_t copied = 0;
  for (;;) {
    control.cancellation.check();
    const std::size_t count = blob->read(buffer);
    if (count == 0) break;
    out.write(ByteSpan(buffer).first(count));
    copied += count;
    control.moved(count);
  }
  if (copied == size_bytes) return;
  throw Error(ErrorKind::Internal,
              fmt::format("blob {} has {} bytes, its descriptor says {}", digest.to_string(), copied, size_bytes));
}

}  // namespace mlbuild
