#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mlbuild {

/// Pull side of a byte stream. Not thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  /// Fills the front of `buffer` and returns how many bytes; 0 only at the end (or for an empty buffer). Throws Error.
  virtual std::size_t read(MutableByteSpan buffer) = 0;
};

/// Push side of a byte stream. Takes all bytes or throws. Encoders add finish(), which commits; destructors only
/// release.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(ByteSpan bytes) = 0;
};

/// A file or blob that is read at positions. Thread-safe (pread semantics).
class RandomAccess {
 public:
  virtual ~RandomAccess() = default;
  virtual std::uint64_t size_bytes() const = 0;
  /// Fills the whole buffer from `offset`; throws Error{Foreign} when the range leaves the file.
  virtual void read_at(std::uint64_t offset, MutableByteSpan buffer) const = 0;
};

/// Reads a span that the caller keeps alive.
class SpanSource final : public Source {
 public:
  explicit SpanSource(ByteSpan bytes) : rest_(bytes) {}
  std::size_t read(MutableByteSpan buffer) override;

 private:
  ByteSpan rest_;
};

/// RandomAccess over bytes that it owns.
class MemoryFile final : public RandomAccess {
 public:
  explicit MemoryFile(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override;

 private:
  Bytes bytes_;
};

/// A range of a RandomAccess as a Source; `file` must outlive it.
class RangeSource final : public Source {
 public:
  RangeSource(const RandomAccess& file, std::uint64_t offset, std::uint64_t length)
      : file_(file), offset_(offset), rest_(length) {}
  std::size_t read(MutableByteSpan buffer) override;

 private:
  const RandomAccess& file_;
  std::uint64_t offset_;
  std::uint64_t rest_;
};

/// Collects what is written. Refuses (Error{Foreign}) to grow above `limit_bytes`.
class BytesSink final : public Sink {
 public:
  explicit BytesSink(std::uint64_t limit_bytes = std::uint64_t{1} << 30U) : limit_bytes_(limit_bytes) {}
  void write(ByteSpan bytes) override;
  const Bytes& bytes() const { return bytes_; }
  std::string_view text() const { return as_text(bytes_); }
  Bytes take() { return std::move(bytes_); }

 private:
  std::uint64_t limit_bytes_;
  Bytes bytes_;
};

/// Throws everything away.
class NullSink final : public Sink {
 public:
  void write(ByteSpan) override {}
};

/// Writes to two sinks in turn.
class TeeSink final : public Sink {
 public:
  TeeSink(Sink& first, Sink& second) : first_(first), second_(second) {}
  void write(ByteSpan bytes) override {
    first_.write(bytes);
    second_.write(bytes);
  }

 private:
  Sink& first_;
  Sink& second_;
};

inline constexpr std::size_t kStreamBufferBytes = std::size_t{128} * 1024;

/// Pumps everything from source to sink through one buffer; returns the number of bytes.
std::uint64_t copy(Source& source, Sink& sink);

/// Reads everything; throws Error{Foreign} above `limit_bytes`.
Bytes read_all(Source& source, std::uint64_t limit_bytes);
Bytes read_all(const RandomAccess& file, std::uint64_t limit_bytes);

}  // namespace mlbuild
