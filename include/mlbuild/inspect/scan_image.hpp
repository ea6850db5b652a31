#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/layer_scan.hpp"
#include "mlbuild/store/key_index.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace mlbuild {

struct ScanContext {
  std::function<std::unique_ptr<Source>(const BlobDigest&)> open;  ///< a layer's bytes, on any thread
  KeyIndex& known;                                                 ///< what earlier scans told is kept there
  std::function<void(std::uint64_t)> on_bytes;                     ///< further compressed bytes are done with
  const Cancellation& cancellation;
  std::size_t threads = 1;  ///< two of them at most are used, since each needs memory
};

/// Scans of all layers of the image, bottom to top; each layer is read once for all times, several at a time.
std::vector<LayerScan> scan_image(const Image& image, const ScanContext& context);

/// Whether all layers were read before, so that scan_image() opens none.
bool is_scanned(const Image& image, KeyIndex& known);

}  // namespace mlbuild
