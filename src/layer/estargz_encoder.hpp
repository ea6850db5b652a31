#pragma once

#include "content_index.hpp"
#include "gzip_encoder.hpp"

namespace mlbuild {

/// A gzip layer whose files can be read one by one: docs/formats/estargz.md. Each content begins a member, which those
/// of wheels do in any layer; what is compressed here is cut into chunks of kChunkBytes.
class EstargzEncoder final : public GzipEncoder {
 public:
  EstargzEncoder(LayerSink& out, int deflate_level) : GzipEncoder(out, deflate_level), index_(kChunkBytes) {}
  void begin_entry(const TarEntry& entry) override;
  void begin_content() override;
  void content(ByteSpan plain) override;
  void end_content(const Digest& digest) override;
  bool wants_digests() const override { return true; }
  std::string first_file() const override;
  bool reserves(const std::string& path) const override;
  std::string last_entry() override;
  void finish(LayerFacts& facts) override;

  static constexpr std::uint64_t kChunkBytes = std::uint64_t{4} << 20U;  // as the format's own tools

 private:
  void begin_chunk();

  ContentIndex index_;
  std::uint64_t toc_offset_ = 0;
  BlobDigest toc_digest_;
};

}  // namespace mlbuild
