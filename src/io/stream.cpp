#include "mlbuild/io/stream.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mlbuild {
namespace {

[[noreturn]] void throw_too_large(std::uint64_t limit_bytes) {
  throw Error(ErrorKind::Foreign, fmt::format("content is larger than the allowed {} bytes", limit_bytes));
}

}  // namespace

std::size_t SpanSource::read(MutableByteSpan buffer) {
  const std::size_t count = std::min(buffer.size(), rest_.size());
  if (count != 0) std::memcpy(buffer.data(), rest_.data(), count);
  rest_ = rest_.subspan(count);
  return count;
}

void MemoryFile::read_at(std::uint64_t offset, MutableByteSpan buffer) const {
  if (offset > bytes_.size() || buffer.size() > bytes_.size() - offset) {
    throw Error(ErrorKind::Foreign, fmt::format("range of {} bytes at {} leaves the {} bytes that there are",
                                                buffer.size(), offset, bytes_.size()));
  }
  if (!buffer.empty()) std::memcpy(buffer.data(), bytes_.data() + offset, buffer.size());
}

std::size_t RangeSource::read(MutableByteSpan buffer) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), rest_));
  if (count == 0) return 0;
  file_.read_at(offset_, buffer.first(count));
  offset_ += count;
  rest_ -= count;
  return count;
}

void BytesSink::write(ByteSpan bytes) {
  if (bytes.size() > limit_bytes_ || bytes_.size() > limit_bytes_ - bytes.size()) throw_too_large(limit_bytes_);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::uint64_t copy(Source& source, Sink& sink) {
  Bytes buffer(kStreamBufferBytes);
  std::uint64_t total = 0;
  for (;;) {
    const std::size_t count = source.read(buffer);
    if (count == 0) return total;
    sink.write(ByteSpan(buffer).first(count));
    total += count;
  }
}

Bytes read_all(Source& source, std::uint64_t limit_bytes) {
  BytesSink sink(limit_bytes);
  copy(source, sink);
  return sink.take();
}

Bytes read_all(const RandomAccess& file, std::uint64_t limit_bytes) {
  if (file.size_bytes() > limit_bytes) throw_too_large(limit_bytes);
  Bytes bytes(file.size_bytes());
  file.read_at(0, bytes);
  return bytes;
}

}  // namespace mlbuild
