#pragma once

#include "build_registries.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mlbuild::cli {

/// A place that images are written to.
struct Destination {
  std::string name;
  std::unique_ptr<ImageSink> sink;
  std::string host;  ///< of a registry
};

bool is_registry(const std::string& output);

/// A place that is no registry: "oci:DIR", "docker:FILE.tar" or "daemon". Throws Error{Usage} for what is none.
std::unique_ptr<ImageSink> local_sink(const std::string& output, World& world);

/// Those of `-o`. Throws Error{Usage} for what is no place.
std::vector<Destination> output_destinations(const PublishOptions& options, BuildRegistries& registries, World& world);

/// Those of `--push`, after those of `-o`.
std::vector<Destination> destinations(const PublishOptions& options, const Spec& spec, const std::string& default_tag,
                                      BuildRegistries& registries, World& world);

/// The repositories that images go to, with the tags that they get there.
std::vector<PushTarget> registry_targets(const PublishOptions& options, const Spec& spec,
                                         const std::string& default_tag);

/// The first `-t`, or the spec's name.
std::string image_tag(const PublishOptions& options, const Spec& spec);

/// Lets registries have layers while others are being made. One repository of each registry: the others get the layers
/// from there by mount, when they are there.
class EarlyUploads final : public ReadyLayers {
 public:
  EarlyUploads(const std::vector<Destination>& places, std::string tag, World& world);
  void ready(const ImageLayer& layer) override;
  void check() override;

 private:
  std::vector<ImageSink*> sinks_;
  const std::string tag_;
  BlobStore& store_;
  const Cancellation& cancellation_;
};

/// Writes the images of all platforms to each place.
std::vector<PublishResult> publish(const std::vector<BuildResult>& results, const std::vector<Destination>& places,
                                   const std::string& tag, BlobStore& store, World& world);

}  // namespace mlbuild::cli
