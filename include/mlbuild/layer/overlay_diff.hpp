#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

/// One user or group: inside the user namespace of the command, and as the host's file system shows it.
struct OwnerPair {
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
};

struct OverlayRules {
  std::vector<std::string> left_out;      ///< relative paths; neither they nor what is below them is a result
  std::vector<std::string> set_id_files;  ///< relative paths that may be set-user-id or set-group-id
  std::vector<OwnerPair> users, groups;   ///< whatever else owns a file is an error
};

/// One entry of the layer that stands for what a command changed.
struct OverlayEntry {
  TarEntry tar;
  std::filesystem::path host;  ///< File: where its content is
};

/// Reads what a command left in the upper directory of an overlay over `lower` (trees, bottom to top) as the entries of
/// a layer, in path order with their parents: OCI image-spec v1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
/// docs/formats/layer.md, "What a command changed".
///
/// The result depends on what the image would show only: copied-up files that are as before are no change, nor are
/// times. Names that are one file stay one file. Devices, sockets, FIFOs, set-id files that are not listed, attributes
/// that no layer can carry, unknown owners and unsafe names are Error{Step} that names the path; all are told in one
/// error. Nothing may change the directory meanwhile; modes that keep its owner from reading are changed on the way.
std::vector<OverlayEntry> read_overlay(const std::filesystem::path& upper,
                                       const std::vector<std::filesystem::path>& lower, const OverlayRules& rules,
                                       const Cancellation& cancellation);

/// The entries as a layer. `card` is that of the step whose command was run: it decides the entries, not the directory
/// that they happen to be in now.
class OverlayLayerRecipe final : public LayerRecipe {
 public:
  OverlayLayerRecipe(std::vector<OverlayEntry> entries, KeyCard card, std::string label, std::int64_t epoch_seconds);
  KeyCard card() const override { return card_; }
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::vector<OverlayEntry> entries_;
  KeyCard card_;
  std::string label_;
  std::int64_t epoch_seconds_;
};

/// What decides the bytes besides entries and epoch: fields for the card of a step whose layer is made so.
void add_overlay_layer_fields(KeyCard& card);

}  // namespace mlbuild
