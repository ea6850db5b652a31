#include "crc_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

namespace mlbuild {

std::size_t CrcSource::read(MutableByteSpan buffer) {
  if (buffer.empty()) return 0;
  const std::size_t count = inner_->read(buffer);
  seen_bytes_ += count;
  crc_ = crc32(crc_, buffer.first(count));
  const bool is_end = count == 0;
  if (seen_bytes_ > expected_size_bytes_ ||
      (is_end && (seen_bytes_ != expected_size_bytes_ || crc_ != expected_crc_))) {
    throw Error(ErrorKind::Foreign,
                fmt::format("the bytes of blob {} changed since they were hashed", digest_.to_string()));
  }
  return count;
}

}  // namespace mlbuild
