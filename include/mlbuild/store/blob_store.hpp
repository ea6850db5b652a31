#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/segments.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace mlbuild {

/// Receives a blob. Nothing is visible under its digest before commit(); destroyed without commit() leaves nothing.
class BlobWriter : public Sink {
 public:
  /// Makes the blob durable and visible; returns its digest. With `expected` set and not met: Error{Foreign}, nothing
  /// kept.
  virtual BlobDigest commit(std::optional<BlobDigest> expected) = 0;
  BlobDigest commit() { return commit(std::nullopt); }
};

/// Content-addressed blobs. Thread-safe. A blob is either real (its bytes are kept) or virtual (a SegmentList over
/// real blobs and inline bytes; never written out as a whole).
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  /// Size of the blob when it is there. For a virtual one: when every real blob it needs is there too.
  virtual std::optional<std::uint64_t> find(const BlobDigest& digest) = 0;
  /// Positioned reads of a real blob. Verified at first use in this process; throws Error{Io} when absent,
  /// Error{Foreign} when its bytes are not those of the digest (the damaged file is moved aside, so that the next run
  /// fetches it again).
  virtual std::unique_ptr<RandomAccess> open(const BlobDigest& digest) = 0;
  /// The whole blob as a stream, real or virtual; digest and size are checked while streaming.
  virtual std::unique_ptr<Source> stream(const BlobDigest& digest) = 0;
  virtual std::unique_ptr<BlobWriter> begin() = 0;
  virtual void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) = 0;
};

}  // namespace mlbuild
