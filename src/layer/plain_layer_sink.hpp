#pragma once

#include "mlbuild/layer/layer.hpp"

namespace mlbuild {

/// A layer as plain bytes, wherever they come from.
class PlainLayerSink final : public LayerSink {
 public:
  explicit PlainLayerSink(Sink& out) : out_(out) {}
  void inline_bytes(ByteSpan bytes) override { out_.write(bytes); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan bytes) override { out_.write(bytes); }

 private:
  Sink& out_;
};

}  // namespace mlbuild
