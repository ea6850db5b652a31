#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace mlbuild::elf {

/// Part of a file: bytes [begin, end).
struct Range {
  std::uint64_t begin = 0, end = 0;
};

/// Keeps chosen parts of a stream and throws the rest away.
class KeptRanges {
 public:
  /// Begins another stream, of which this is kept. The memory of the one before is used again: pages that the kernel
  /// has to hand out anew for each of a thousand libraries cost more than to fill them.
  void restart(Range first);
  /// From now on also these, as far as they have not gone by; ranges may overlap.
  void keep(Range range);
  void write(ByteSpan bytes);
  std::uint64_t size_bytes() const { return at_; }  ///< of the stream so far

  /// Bytes of the file, `size` of them. Throws Error{Foreign}: the range leaves the file, or was not kept.
  ByteSpan at(std::uint64_t begin, std::uint64_t size) const;

 private:
  struct Part {
    Range range;
    Bytes bytes;  ///< grows as they come, so that a header's claim allocates nothing
  };
  std::uint64_t at_ = 0;
  std::vector<Part> parts_;
};

}  // namespace mlbuild::elf
