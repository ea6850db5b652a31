#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mlbuild {

/// CRC-32 of zip and gzip (ISO 3309), continued from `crc` (0 at the start).
std::uint32_t crc32(std::uint32_t crc, ByteSpan bytes);

/// Streaming raw inflate (RFC 1951) by ISA-L with constant memory. Reads the deflate stream from `in` and stops at its
/// end. Throws Error{Foreign} on corrupt or truncated input. Reusable: reset() starts a new stream without allocating
/// again.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;
  void reset();
  /// Inflates `input` (the next part of the compressed stream), passing plain bytes to `out` in large spans.
  /// Returns the number of input bytes consumed: less than input.size() only when done() became true inside it.
  std::size_t write(ByteSpan input, Sink& out);
  bool done() const;  ///< the final block was seen

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One-shot raw deflate by libdeflate, and the gzip container around it. Keeps its tables between calls. Not
/// thread-safe. The output depends only on input, level and libdeflate's version (version()), which is part of layer
/// key cards.
class Deflater {
 public:
  explicit Deflater(int level);
  ~Deflater();
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;
  Bytes raw(ByteSpan plain);          ///< RFC 1951 stream
  Bytes gzip_member(ByteSpan plain);  ///< RFC 1952 member: 10-byte header with mtime 0, OS 255, no name
  static std::string version();       ///< e.g. "libdeflate-1.14"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The fixed 10-byte header of every member we write (RFC 1952, 2.3): deflate, no flags, mtime 0, XFL 0, OS 255.
ByteSpan gzip_member_header();
/// The 8-byte trailer: CRC-32 and size modulo 2^32, little endian.
Bytes gzip_member_trailer(std::uint32_t crc, std::uint64_t plain_size_bytes);

/// Reads a gzip file of any number of members (RFC 1952, 2.2) as one plain stream, checking each CRC and size.
std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed);
/// Reads an .xz stream (liblzma, memory limit 256 MiB) as a plain stream.
std::unique_ptr<Source> unxz(std::unique_ptr<Source> compressed);
/// Reads zstd frames (window limit 128 MiB) as a plain stream.
std::unique_ptr<Source> unzstd(std::unique_ptr<Source> compressed);
/// Chooses among the three above, or none, by the stream's first bytes.
std::unique_ptr<Source> decompress(std::unique_ptr<Source> maybe_compressed);

}  // namespace mlbuild
