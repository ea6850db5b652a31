#include "mlbuild/layer/zstd_layer.hpp"

#include "zstd_level.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/io/zstd.hpp"
#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

// Raise whenever the same tar would give other bytes.
constexpr int kZstdLayerVersion = 1;

/// The compressed bytes on their way out.
class HashedLayer final : public Sink {
 public:
  explicit HashedLayer(LayerSink& out) : out_(out) {}
  void write(ByteSpan bytes) override {
    hash_.update(bytes);
    size_bytes_ += bytes.size();
    out_.inline_bytes(bytes);
  }
  BlobDigest digest() { return BlobDigest(hash_.finish()); }
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  LayerSink& out_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

/// What the frame needs for a package cannot be told: its share of the tar.
void share_out(LayerFacts& facts) {
  const double ratio =
      static_cast<double>(facts.size_bytes) / static_cast<double>(std::max<std::uint64_t>(1, facts.plain_size_bytes));
  for (LayerPackage& package : facts.packages) {
    package.compressed_size_bytes =
        static_cast<std::uint64_t>(static_cast<double>(package.compressed_size_bytes) * ratio);
  }
}

}  // namespace

void add_zstd_fields(KeyCard& card) {
  card.set("compression",
           fmt::format("zstd level {}, {}, version {}", kZstdLevel, ZstdCompressor::version(), kZstdLayerVersion));
}

ZstdLayerRecipe::ZstdLayerRecipe(std::shared_ptr<const LayerRecipe> inner, std::size_t workers)
    : inner_(std::move(inner)), workers_(workers) {}

KeyCard ZstdLayerRecipe::card() const {
  KeyCard card = inner_->card();
  add_zstd_fields(card);
  return card;
}

LayerFacts ZstdLayerRecipe::write(BlobStore& blobs, LayerSink& out) const {
  if (out.form() == LayerForm::Tar) return inner_->write(blobs, out);
  HashedLayer layer(out);
  ZstdCompressor compressor(layer, kZstdLevel, workers_);
  TarLayerSink tar(compressor);
  LayerFacts facts = inner_->write(blobs, tar);
  compressor.finish();
  facts.media_type = oci::kLayerZstdMediaType;
  facts.digest = layer.digest();
  facts.size_bytes = layer.size_bytes();
  share_out(facts);
  return facts;
}

}  // namespace mlbuild
