#include "layer_encoder.hpp"

#include "estargz_encoder.hpp"
#include "gzip_encoder.hpp"
#include "zstd_chunked_encoder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/oci/oci.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

/// The tar itself. Its digest is the diffID.
class TarEncoder final : public LayerEncoder {
 public:
  explicit TarEncoder(LayerSink& out) : out_(out) { waiting_.reserve(kBufferBytes); }
  void tar_bytes(ByteSpan bytes) override { append(bytes); }
  void content(ByteSpan plain) override { append(plain); }
  void finish(LayerFacts& facts) override {
    flush();
    facts.media_type = oci::kLayerMediaType;
    facts.digest = BlobDigest(facts.diff_id.digest());
    facts.size_bytes = size_bytes_;
  }
  std::uint64_t compressed_size_bytes() const override { return size_bytes_; }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10U;

  /// Headers are gathered; what is long goes as it is.
  void append(ByteSpan bytes) {
    size_bytes_ += bytes.size();
    if (waiting_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) {
      out_.inline_bytes(bytes);
    } else {
      waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    }
  }

  void flush() {
    if (!waiting_.empty()) out_.inline_bytes(waiting_);
    waiting_.clear();
  }

  LayerSink& out_;
  Bytes waiting_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_layer_encoder(LayerSink& out, int deflate_level) {
  switch (out.form()) {
    case LayerForm::Gzip:
      return std::make_unique<GzipEncoder>(out, deflate_level);
    case LayerForm::Tar:
      return std::make_unique<TarEncoder>(out);
    case LayerForm::Estargz:
      return std::make_unique<EstargzEncoder>(out, deflate_level);
    case LayerForm::ZstdChunked:
      return std::make_unique<ZstdChunkedEncoder>(out);
  }
  throw Error(ErrorKind::Internal, "unknown form of a layer");
}

}  // namespace mlbuild
