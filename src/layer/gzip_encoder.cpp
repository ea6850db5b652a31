#include "gzip_encoder.hpp"

#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/oci/oci.hpp"

#include <algorithm>

namespace mlbuild {

GzipEncoder::GzipEncoder(LayerSink& out, int deflate_level) : out_(out), deflater_(deflate_level) {
  plain_.reserve(LayerWriter::kPlainMemberBytes);
}

// Members end at fixed distances, not where the caller's writes happen to end: the bytes must not depend on those.
void GzipEncoder::append(ByteSpan bytes) {
  if (in_last_member_) {
    plain_.insert(plain_.end(), bytes.begin(), bytes.end());
    return;
  }
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), LayerWriter::kPlainMemberBytes - plain_.size());
    plain_.insert(plain_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (plain_.size() == LayerWriter::kPlainMemberBytes) flush();
  }
}

void GzipEncoder::flush() {
  if (plain_.empty()) return;
  out_.bytes(deflater_.gzip_member(plain_));
  plain_.clear();
}

void GzipEncoder::begin_last_member() {
  flush();
  in_last_member_ = true;
}

void GzipEncoder::begin_deflated() {
  flush();
  out_.bytes(gzip_member_header());
}

void GzipEncoder::deflated(const DeflatedContent& from, std::uint64_t offset, ByteSpan stream) {
  out_.range(from, offset, stream);
}

void GzipEncoder::end_deflated(std::uint32_t crc, std::uint64_t plain_size_bytes) {
  out_.bytes(gzip_member_trailer(crc, plain_size_bytes));
}

void GzipEncoder::finish(LayerFacts& facts) {
  flush();
  facts.media_type = oci::kLayerGzipMediaType;
  facts.digest = out_.digest();
  facts.size_bytes = out_.size_bytes();
}

}  // namespace mlbuild
