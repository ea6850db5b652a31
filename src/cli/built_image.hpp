#pragma once

#include "world.hpp"

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/spec/spec.hpp"

#include <memory>
#include <string>

namespace mlbuild::cli {

/// Which image of a spec.
struct SpecChoice {
  std::string spec;
  std::string variant;
  std::string platform;  ///< "": that of this machine
  bool locked = false;
};

/// An image that was built, with what it was built from and where the bytes of its layers are.
struct BuiltImage {
  std::unique_ptr<const Spec> spec;  ///< what `request` points to stays in its place
  std::unique_ptr<const Lock> lock;
  BuildRequest request;
  Image image;
  std::unique_ptr<BlobStore> layers;
};
BuiltImage build_from_spec(const SpecChoice& choice, World& world);

}  // namespace mlbuild::cli
