#include "mlbuild/layer/lazy_layer.hpp"

#include "lazy_fields.hpp"
#include "zstd_level.hpp"

#include "mlbuild/io/zstd.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

// Raise whenever the same entries would give other bytes.
constexpr int kEstargzVersion = 1;
constexpr int kZstdChunkedVersion = 1;

/// Asks for another form and passes on what comes.
class FormedSink final : public LayerSink {
 public:
  FormedSink(LayerSink& out, LayerForm form) : out_(out), form_(form) {}
  LayerForm form() const override { return form_; }
  void inline_bytes(ByteSpan bytes) override { out_.inline_bytes(bytes); }
  void blob_range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) override {
    out_.blob_range(blob, offset, bytes);
  }

 private:
  LayerSink& out_;
  LayerForm form_;
};

}  // namespace

void add_lazy_fields(KeyCard& card, oci::LazyFormat format) {
  if (format == oci::LazyFormat::Estargz) {
    card.set("lazy", fmt::format("estargz, version {}", kEstargzVersion));
  } else {
    card.set("lazy", fmt::format("zstd:chunked level {}, {}, version {}", kZstdLevel, ZstdCompressor::version(),
                                 kZstdChunkedVersion));
  }
}

LazyLayerRecipe::LazyLayerRecipe(std::shared_ptr<const LayerRecipe> inner, oci::LazyFormat format)
    : inner_(std::move(inner)), format_(format) {}

KeyCard LazyLayerRecipe::card() const {
  KeyCard card = inner_->card();
  add_lazy_fields(card, format_);
  return card;
}

LayerFacts LazyLayerRecipe::write(BlobStore& blobs, LayerSink& out) const {
  if (out.form() == LayerForm::Tar) return inner_->write(blobs, out);
  FormedSink sink(out, format_ == oci::LazyFormat::Estargz ? LayerForm::Estargz : LayerForm::ZstdChunked);
  return inner_->write(blobs, sink);
}

// What is compressed again is kept as bytes.
bool LazyLayerRecipe::is_virtual() const { return format_ == oci::LazyFormat::Estargz && inner_->is_virtual(); }

}  // namespace mlbuild
