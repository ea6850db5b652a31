#pragma once

#include "blob_output.hpp"
#include "layer_encoder.hpp"

#include "mlbuild/io/deflate.hpp"

namespace mlbuild {

/// Members of plain bytes and members that are a wheel's deflate streams: docs/formats/layer.md, "The gzip file".
class GzipEncoder : public LayerEncoder {
 public:
  GzipEncoder(LayerSink& out, int deflate_level);
  void tar_bytes(ByteSpan bytes) override { append(bytes); }
  void content(ByteSpan plain) override { append(plain); }
  bool copies_deflate() const override { return true; }
  void begin_deflated() override;
  void deflated(const DeflatedContent& from, std::uint64_t offset, ByteSpan stream) override;
  void end_deflated(std::uint32_t crc, std::uint64_t plain_size_bytes) override;
  void finish(LayerFacts& facts) override;
  std::uint64_t compressed_size_bytes() const override { return out_.size_bytes(); }

 protected:
  void append(ByteSpan bytes);
  void flush();  ///< what waits becomes a member
  /// From here on what is appended waits for flush(), however much it is.
  void begin_last_member();
  BlobOutput& out() { return out_; }

 private:
  BlobOutput out_;
  Deflater deflater_;
  Bytes plain_;  // tar bytes that wait for their member
  bool in_last_member_ = false;
};

}  // namespace mlbuild
