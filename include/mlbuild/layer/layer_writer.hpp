#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/layer/layer.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mlbuild {

/// Part of every layer recipe's card; raised when the same entries would give other bytes (docs/formats/layer.md).
inline constexpr int kLayerFormatVersion = 1;

/// One deflate stream inside a real blob, as a zip directory describes it.
struct DeflatedContent {
  const RandomAccess* file = nullptr;
  BlobDigest blob;
  std::uint64_t offset = 0;
  std::uint64_t compressed_size_bytes = 0;
  std::uint32_t crc32 = 0;
  BlobCheck* check = nullptr;  ///< of the blob, where it still goes on: it rides along
};

/// Writes a layer as a gzip file of many members (RFC 1952, 2.2), and its digests in the same pass.
///
/// Plain tar bytes (headers, padding, small and rewritten files) gather in a buffer that becomes one member compressed
/// by libdeflate whenever it reaches kPlainMemberBytes or a deflated file follows. A deflated file becomes one payload
/// member: gzip header + its deflate stream, copied + CRC-32 and size; it begins exactly at the file's content. While
/// it is copied it is inflated for the diffID, checked against crc32 and size, and its end must be exactly at
/// compressed_size_bytes. Bytes depend on entries, their order and libdeflate's version only. Entries must arrive in
/// bytewise path order, parents first; anything else is Error{Internal}. docs/formats/layer.md.
class LayerWriter {
 public:
  /// `deflate_level`: libdeflate's 1..12, part of the recipe's card.
  LayerWriter(LayerSink& out, int deflate_level);
  ~LayerWriter();
  void add(const TarEntry& entry);                        ///< directory, link or empty file
  void add_file(const TarEntry& entry, Source& content);  ///< reads exactly entry.size_bytes
  void add_file(const TarEntry& entry, ByteSpan content);
  /// Returns the SHA-256 of the plain content. It comes almost for free beside the tar's (src/layer/twin_sha256.hpp).
  Digest add_deflated(const TarEntry& entry, const DeflatedContent& content);
  std::uint64_t compressed_size_bytes() const;  ///< so far, without the buffered part
  LayerFacts finish();                          ///< end-of-archive blocks, digests; packages and warnings are empty

  static constexpr std::size_t kPlainMemberBytes = std::size_t{1} << 20U;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlbuild
