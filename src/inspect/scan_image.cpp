#include "mlbuild/inspect/scan_image.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/key_card.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxThreads = 2;  // each holds up to 64 MiB of a library: with more it were above 256 MiB

constexpr int kScanVersion = 4;  // raised when LayerScan means something else

StepKey scan_key(const BlobDigest& layer) {
  return KeyCard("layer-scan", kScanVersion).set("layer", layer.to_string()).key();
}

std::optional<LayerScan> known_scan(const StepKey& key, KeyIndex& known) {
  const std::optional<std::string> kept = known.get(key);
  if (!kept) return std::nullopt;
  try {
    return parse_layer_scan(*kept);
  } catch (const Error&) {  // written by another version: scan it again
    return std::nullopt;
  }
}

LayerScan scan(const ImageLayer& layer, const ScanContext& context) {
  const StepKey key = scan_key(layer.facts.digest);
  if (std::optional<LayerScan> known = known_scan(key, context.known)) return std::move(*known);
  LayerScan scan = with_context([&] { return fmt::format("reading layer `{}`", layer.created_by); },
                                [&] { return scan_layer(*context.open(layer.facts.digest), context.cancellation); });
  context.known.put(key, to_json(scan));
  return scan;
}

}  // namespace

bool is_scanned(const Image& image, KeyIndex& known) {
  return std::ranges::all_of(
      image.layers, [&](const ImageLayer& layer) { return known.get(scan_key(layer.facts.digest)).has_value(); });
}

std::vector<LayerScan> scan_image(const Image& image, const ScanContext& context) {
  std::vector<std::size_t> order(image.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto size_of = [&](std::size_t layer) { return image.layers[layer].facts.size_bytes; };
  std::ranges::stable_sort(order, std::ranges::greater(), size_of);  // the longest must not be the last to begin
  std::vector<LayerScan> scans(image.layers.size());
  parallel_for(std::min(context.threads, kMaxThreads), order.size(), [&](std::size_t i) {
    scans[order[i]] = scan(image.layers[order[i]], context);
    if (context.on_bytes) context.on_bytes(size_of(order[i]));
  });
  return scans;
}

}  // namespace mlbuild
