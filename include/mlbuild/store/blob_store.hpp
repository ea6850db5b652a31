#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/blob_check.hpp"
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
  /// As open(), but the check may be left to the caller, who has to finish() it before anything that is made of the
  /// bytes is believed, and before an error about them is: damage looks like a bad file at first.
  virtual BlobInCheck open_in_check(const BlobDigest& digest) { return {open(digest), nullptr}; }
  /// The whole blob as a stream, real or virtual; it is checked while streaming: size and digest.
  virtual std::unique_ptr<Source> stream(const BlobDigest& digest) = 0;
  virtual std::unique_ptr<BlobWriter> begin() = 0;
  virtual void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) = 0;
  /// As put_virtual(), for bytes that the caller has just had from open() and hashed: `digest` is known to be right and
  /// `crc` is the CRC-32 of the whole. What stream() gives of it in this process may then be held against `crc`, which
  /// finds damage as well and costs a tenth.
  virtual void put_hashed(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments,
                          std::uint32_t crc) {
    static_cast<void>(crc);
    put_virtual(digest, size_bytes, segments);
  }
};

}  // namespace mlbuild
