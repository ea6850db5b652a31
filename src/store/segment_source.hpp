#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/segments.hpp"

#include <functional>
#include <map>
#include <memory>

namespace mlbuild {

/// Produces a virtual blob's bytes from its segments. `open` gives the real blobs; they stay open while they are used,
/// as a layer of many wheels goes to and fro between them.
class SegmentSource final : public Source {
 public:
  using Open = std::function<std::unique_ptr<RandomAccess>(const BlobDigest&)>;
  SegmentSource(SegmentList segments, Open open) : segments_(std::move(segments)), open_(std::move(open)) {}
  std::size_t read(MutableByteSpan buffer) override;

 private:
  std::size_t read_segment(const Segment& segment, MutableByteSpan buffer);
  const RandomAccess& file(const BlobDigest& digest);

  SegmentList segments_;
  Open open_;
  std::size_t next_ = 0;        ///< segment
  std::uint64_t position_ = 0;  ///< within it
  std::map<BlobDigest, std::unique_ptr<RandomAccess>> files_;
};

}  // namespace mlbuild
