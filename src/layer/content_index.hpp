#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/sha256.hpp"

#include <cstdint>
#include <vector>

namespace mlbuild {

/// A part of a file's content that can be read by itself.
struct IndexedChunk {
  std::uint64_t offset = 0;          ///< in the blob
  std::uint64_t content_offset = 0;  ///< in the file
  std::uint64_t size_bytes = 0;      ///< of plain content
  Digest digest;                     ///< of plain content
};

struct IndexedEntry {
  TarEntry entry;
  Digest digest;                     ///< of a file's content
  std::uint64_t end_offset = 0;      ///< where the last chunk ends in the blob
  std::vector<IndexedChunk> chunks;  ///< none for what has no content
};

/// Notes where contents are in a blob, while it is written: what a table of contents is made of.
class ContentIndex {
 public:
  /// `single_chunk_bytes`: contents up to this size are one chunk, whose digest is the file's.
  explicit ContentIndex(std::uint64_t single_chunk_bytes) : single_chunk_bytes_(single_chunk_bytes) {}
  void begin_entry(const TarEntry& entry);
  void begin_chunk(std::uint64_t offset);  ///< of the entry's content; ends the one before
  void content(ByteSpan plain);            ///< not needed for an only chunk
  void end_content(const Digest& digest, std::uint64_t end_offset);
  std::uint64_t chunk_bytes() const { return chunk_bytes_; }  ///< what content() gave the chunk so far
  const std::vector<IndexedEntry>& entries() const { return entries_; }

 private:
  void end_chunk();

  const std::uint64_t single_chunk_bytes_;
  std::vector<IndexedEntry> entries_;
  std::uint64_t chunk_bytes_ = 0;
  Sha256 hash_;
};

}  // namespace mlbuild
