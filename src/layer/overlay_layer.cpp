#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/layer/overlay_diff.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <utility>

namespace mlbuild {
namespace {

constexpr int kDeflateLevel = 6;
constexpr int kOverlayDiffVersion = 1;  // raise it when the same upper directory would give other entries

}  // namespace

void add_overlay_layer_fields(KeyCard& card) {
  card.set("deflate", Deflater::version() + " level " + std::to_string(kDeflateLevel))
      .set("layer format", std::to_string(kLayerFormatVersion))
      .set("overlay diff", std::to_string(kOverlayDiffVersion));
}

OverlayLayerRecipe::OverlayLayerRecipe(std::vector<OverlayEntry> entries, KeyCard card, std::string label,
                                       std::int64_t epoch_seconds)
    : entries_(std::move(entries)), card_(std::move(card)), label_(std::move(label)), epoch_seconds_(epoch_seconds) {}

LayerFacts OverlayLayerRecipe::write(BlobStore&, LayerSink& out) const {
  LayerWriter writer(out, kDeflateLevel);
  LayerPackage package{"step", label_, "", 0, 0};
  for (const OverlayEntry& entry : entries_) {
    TarEntry tar = entry.tar;
    tar.mtime_seconds = epoch_seconds_;
    if (entry.host.empty()) {
      writer.add(tar);
      continue;
    }
    FileSource content(entry.host);
    writer.add_file(tar, content);
    package.plain_size_bytes += tar.size_bytes;
  }
  LayerFacts facts = writer.finish();
  package.compressed_size_bytes = facts.size_bytes;
  facts.packages.push_back(std::move(package));
  return facts;
}

}  // namespace mlbuild
