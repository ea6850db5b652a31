#pragma once

#include "blob_output.hpp"
#include "content_cutter.hpp"
#include "content_index.hpp"
#include "layer_encoder.hpp"
#include "tar_split.hpp"

#include "mlbuild/io/zstd.hpp"

namespace mlbuild {

/// A zstd layer whose files can be read one by one: docs/formats/zstd-chunked.md. Each content is in frames of its own,
/// large ones cut where ContentCutter says.
class ZstdChunkedEncoder final : public LayerEncoder {
 public:
  explicit ZstdChunkedEncoder(LayerSink& out);
  void begin_entry(const TarEntry& entry) override;
  void tar_bytes(ByteSpan bytes) override;
  void begin_content() override;
  void content(ByteSpan plain) override;
  void end_content(const Digest& digest) override;
  bool wants_digests() const override { return true; }
  std::string last_entry() override;
  void finish(LayerFacts& facts) override;
  std::uint64_t compressed_size_bytes() const override { return out_.size_bytes(); }

 private:
  void end_entry();
  void flush();  ///< what waits becomes a frame
  void skippable_frame(ByteSpan bytes);

  BlobOutput out_;
  ZstdFrames frames_;
  Bytes waiting_;  // of the frame to come
  ContentCutter cutter_;
  ContentIndex index_;
  BytesSink split_frame_;
  ZstdCompressor split_compressor_;
  TarSplit split_;
  std::uint64_t crc_ = 0;
  bool in_entry_ = false;  // the tar-split does not tell of it yet
};

}  // namespace mlbuild
