#pragma once

#include "mlbuild/layer/base_directories.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/python/prune.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Where a wheel's files go, relative to the root: sysconfig's scheme of the image's interpreter.
struct InstallScheme {
  std::string purelib = "usr/local/lib/python3.11/site-packages";
  std::string platlib = "usr/local/lib/python3.11/site-packages";
  std::string scripts = "usr/local/bin";
  std::string headers = "usr/local/include/site/python3.11";  ///< plus "/<distribution name>"
  std::string data = "usr/local";
  std::string interpreter = "/usr/local/bin/python";  ///< for `#!`
  std::string python_version = "3.11";                ///< for Requires-Python
  std::string python_full_version = "3.11.2";
  BaseDirectories base_directories = {};  ///< at, above and below these places; part of the key card
};

struct WheelInput {
  std::string filename;  ///< PEP 427 name; decides name, version and tags
  BlobDigest digest;
};

/// One of `count` layers that share a wheel's files.
struct LayerPart {
  std::size_t number = 0;  ///< from 0
  std::size_t count = 1;
};

struct WheelLayerParameters {
  InstallScheme scheme;
  LayerPart part;
  std::int64_t epoch_seconds = 315532800;  ///< mtime of every entry; 1980-01-01
  int deflate_level = 6;                   ///< for what is not transmuxed
  python::PrunePolicy prune = {};          ///< part of the key card where it drops anything
};

inline constexpr std::string_view kWheelLayerKind = "wheel-layer";  ///< of the key card

/// One or several wheels as one layer: pip's semantics (reference: PEP 427, PyPA "Recording installed projects", entry
/// points), hostile or contradictory wheels refused with Error{Foreign} that names wheel and member. Files of the
/// wheels that share a path must have equal content. Nothing is unpacked; memory is bounded by the largest member that
/// must be rewritten.
class WheelLayerRecipe final : public LayerRecipe {
 public:
  WheelLayerRecipe(std::vector<WheelInput> wheels, WheelLayerParameters parameters);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return true; }

 private:
  std::vector<WheelInput> wheels_;
  WheelLayerParameters parameters_;
};

/// Checks wheels that go into different layers of one image against each other: two that bring different content for
/// one path are Error{Foreign} that names both. Reads zip directories, dist-info and `#!python` scripts only.
void check_wheel_collisions(const std::vector<WheelInput>& wheels, const InstallScheme& scheme, BlobStore& blobs,
                            const python::PrunePolicy& prune = {});

/// How wheels are spread over layers: one of `own_layer_bytes` or more has its own; smaller ones share kGroups groups
/// by a stable hash of the normalised name, so that a bump touches one group only. When that would exceed `max_layers`,
/// the smallest own layers join the groups. Result: indexes into `wheels`, layers in a stable order, never an empty
/// layer.
///
/// The numbers are the fewest layers with which the average bump of a small wheel, bytecode and all, sends a fiftieth
/// of what one layer of all wheels does; docs/formats/layer.md has the figures.
struct PartitionItem {
  std::string name;  ///< normalised
  std::uint64_t size_bytes = 0;
};
inline constexpr std::uint64_t kOwnLayerBytes = 1U << 20U;
/// Of wheels whose bytecode has a layer of its own: it is a tenth of a wheel, so that fewer are worth one.
inline constexpr std::uint64_t kOwnBytecodeLayerBytes = 4U << 20U;
inline constexpr std::size_t kGroups = 10;
/// A wheel above kSplitBytes is spread over several layers at file boundaries, so that an upload that is cut loses
/// less, and several processors share the work. A part without a file is an empty layer.
inline constexpr std::uint64_t kSplitBytes = std::uint64_t{512} << 20U;
std::size_t part_count(std::uint64_t wheel_size_bytes);
std::vector<std::vector<std::size_t>> partition_wheels(const std::vector<PartitionItem>& wheels, std::size_t max_layers,
                                                       std::uint64_t own_layer_bytes = kOwnLayerBytes);

}  // namespace mlbuild
