#pragma once

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/sha256.hpp"

namespace mlbuild {

/// SHA-256, CRC-32 and size of what passes through.
class ContentHash final : public Sink {
 public:
  void write(ByteSpan bytes) override;
  Digest digest() { return hash_.finish(); }  ///< once, after the last write
  void restart();                             ///< for the next content; cheaper than a new object
  std::uint32_t crc() const { return crc_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  Sha256 hash_;
  std::uint32_t crc_ = 0;
  std::uint64_t size_bytes_ = 0;
};

/// SHA-256 of a member's plain content, streamed; size and CRC-32 are checked. For the rare wheel whose RECORD does not
/// tell.
Digest hash_member(const RandomAccess& file, const ZipMember& member);

/// The first bytes of a member's plain content: `count`, or fewer where the content is shorter.
Bytes read_member_start(const RandomAccess& file, const ZipMember& member, std::size_t count);

}  // namespace mlbuild
