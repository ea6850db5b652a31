#pragma once

#include "support/wheel_builder.hpp"

#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <initializer_list>
#include <map>
#include <string>

namespace mlbuild::test {

/// A layer as its reader sees it.
struct ReadEntry {
  TarEntry entry;
  std::string content;
};
struct ReadLayer {
  LayerFacts facts;
  std::map<std::string, ReadEntry> entries;
  bool has(const std::string& path) const { return entries.contains(path); }
  const std::string& content(const std::string& path) const { return entries.at(path).content; }
  std::uint32_t mode(const std::string& path) const { return entries.at(path).entry.mode; }
};

BlobDigest put_blob(BlobStore& store, ByteSpan bytes);
WheelInput put_wheel(BlobStore& store, const WheelBuilder& wheel);

/// Makes the layer and reads it back through the store.
ReadLayer make_and_read(const LayerRecipe& recipe, BlobStore& store);
ReadLayer install(std::initializer_list<WheelBuilder> wheels, const WheelLayerParameters& parameters = {});

/// Where the default scheme puts things.
inline const std::string kSite = "usr/local/lib/python3.11/site-packages/";
inline const std::string kBin = "usr/local/bin/";

}  // namespace mlbuild::test
