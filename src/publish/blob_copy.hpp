#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <functional>

namespace mlbuild {

/// What a sink tells and asks while it moves bytes.
struct CopyControl {
  const std::function<void(std::uint64_t)>& on_bytes;
  const Cancellation& cancellation;
  void moved(std::uint64_t bytes) const {
    if (on_bytes) on_bytes(bytes);
  }
};

/// Streams a blob of the store, verified, to `out` in buffers of 1 MiB; asks for cancellation before each. Throws
/// Error{Internal} when it has another size than its descriptor says.
void copy_blob(BlobStore& store, const BlobDigest& digest, std::uint64_t size_bytes, Sink& out,
               const CopyControl& control);

}  // namespace mlbuild
