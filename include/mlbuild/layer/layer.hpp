#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/key_card.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A shipped file as later steps need it (conflicts, sizes); kept with the layer's facts.
struct LayerPackage {
  std::string kind;  ///< "wheel", "deb", "files", "bytecode"
  std::string name;
  std::string version;
  std::uint64_t plain_size_bytes = 0;       ///< sum of file contents
  std::uint64_t compressed_size_bytes = 0;  ///< its share of the layer
};

/// All that is known about a computed layer. A value exists only after the layer was computed.
struct LayerFacts {
  std::string media_type;
  BlobDigest digest;             ///< of the compressed blob
  std::uint64_t size_bytes = 0;  ///< of the compressed blob
  DiffId diff_id;
  std::uint64_t plain_size_bytes = 0;  ///< of the tar
  std::uint64_t entry_count = 0;
  std::vector<LayerPackage> packages;
  std::uint64_t sources_left_out = 0;  ///< bytecode: files that are no source of this Python
  std::vector<std::string> warnings;   ///< for the user, e.g. "wheel x: RECORD lists a missing file"
  /// Of the layer's descriptor in every manifest: where readers of a lazy form find the table of contents.
  std::map<std::string, std::string> annotations = {};
};
std::string to_json(const LayerFacts& facts);         ///< canonical; stored in the key index
LayerFacts parse_layer_facts(std::string_view json);  ///< throws Error{Foreign}

/// What a recipe writes: the layer as mlbuild ships it, or the tar alone, for those who compress it themselves or
/// unpack it at once. The facts of a tar have its own digest and media type. The lazy forms tell where each file begins
/// (docs/formats/estargz.md, docs/formats/zstd-chunked.md).
enum class LayerForm { Gzip, Tar, Estargz, ZstdChunked };

/// Receives a layer's bytes in order, either as bytes or as ranges of a real blob. `bytes` holds the bytes
/// in both cases, so that a sink that wants a plain stream ignores where they come from.
class LayerSink {
 public:
  virtual ~LayerSink() = default;
  virtual LayerForm form() const { return LayerForm::Gzip; }
  virtual void inline_bytes(ByteSpan bytes) = 0;
  /// The next `bytes` are those of `blob` from `offset` on. Consecutive calls continue a range.
  virtual void blob_range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) = 0;
};

/// A layer's tar as a stream.
class TarLayerSink final : public LayerSink {
 public:
  explicit TarLayerSink(Sink& out) : out_(out) {}
  LayerForm form() const override { return LayerForm::Tar; }
  void inline_bytes(ByteSpan bytes) override { out_.write(bytes); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan bytes) override { out_.write(bytes); }

 private:
  Sink& out_;
};

/// A pure function from content digests and parameters to a layer. Reads no clock, environment, locale or directory
/// order.
class LayerRecipe {
 public:
  virtual ~LayerRecipe() = default;
  virtual KeyCard card() const = 0;
  /// Produces the layer once; all inputs come from `blobs` (or from openers given to the constructor). Same card, same
  /// bytes.
  virtual LayerFacts write(BlobStore& blobs, LayerSink& out) const = 0;
  /// Whether the bytes are mostly ranges of source blobs, so that keeping segments beats keeping the layer.
  virtual bool is_virtual() const = 0;
};

/// Runs a recipe and keeps its result in the store: virtual ones as segments, others as a real blob. Throws
/// Error{Interrupted} on cancellation, soon, and keeps nothing then.
LayerFacts make_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation = Cancellation());

/// The layer's tar, made on a thread of its own while it is read and kept nowhere: for layers that are unpacked at
/// once and never shipped. What the recipe throws, read() throws; an error of the recipe is sure to show only when the
/// stream was read to its end. What is given by reference must outlive the source.
std::unique_ptr<Source> stream_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation);

}  // namespace mlbuild
