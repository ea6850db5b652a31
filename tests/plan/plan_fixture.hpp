#pragma once

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/plan/plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::test {

inline BlobDigest digest_of(std::string_view text) { return BlobDigest(sha256(text)); }

/// Remembers what a run would have stored.
class FakeLookups final : public PlanLookups {
 public:
  std::optional<std::string> facts(const StepKey& key) override {
    const auto found = known.find(key);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<KeyCard> last_card(const std::string& step_id) override {
    const auto found = cards.find(step_id);
    return found == cards.end() ? std::nullopt : std::optional(found->second);
  }
  bool has_blob(const BlobDigest& digest) override { return blobs.contains(digest); }
  KeyCard sdist_card(const LockedImage&, const LockedSdist& sdist) override {
    return KeyCard("sdist", 1).set("sdist", sdist.sdist.sha256.to_string());
  }
  std::optional<KnownWheel> built_wheel(const StepKey& key) override {
    const auto found = wheels.find(key);
    return found == wheels.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<RegistryLayer> registry_layer(const StepKey& key) override {
    if (!in_registry.contains(key)) return std::nullopt;
    LayerFacts facts;
    facts.digest = BlobDigest(key.digest());
    if (const auto pushed = pushed_diff_ids.find(key); pushed != pushed_diff_ids.end()) facts.diff_id = pushed->second;
    return RegistryLayer{facts, "registry.example/ml/demo:1"};
  }
  std::optional<RegistryWheel> registry_wheel(const StepKey& key) override {
    const auto found = registry_wheels.find(key);
    if (found == registry_wheels.end()) return std::nullopt;
    return RegistryWheel{found->second, "registry.example/ml/demo:1"};
  }

  /// As if the plan's image had been pushed, and the store emptied.
  void push(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (step.kind != StepKind::BuildSdist) in_registry.insert(step.card.value().key());
      if (step.facts) pushed_diff_ids[step.card->key()] = step.facts->diff_id;
      if (step.wheel) registry_wheels[step.card.value().key()] = *step.wheel;
    }
    known.clear();
    cards.clear();
    wheels.clear();
    blobs.clear();
  }

  /// As if every layer of the plan had been made.
  void remember(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (step.kind == StepKind::BuildSdist || !step.card) continue;
      LayerFacts facts;
      facts.media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
      facts.digest = digest_of(step.id);
      facts.diff_id = DiffId(sha256(step.id + outputs[step.id]));
      facts.size_bytes = 7;
      known[step.card->key()] = to_json(facts);
      cards.emplace(step.id, *step.card);
      blobs.insert(facts.digest);
    }
  }

  std::map<std::string, std::string> outputs;  ///< step id -> anything: other text, other bytes
  std::map<StepKey, std::string> known;
  std::map<std::string, KeyCard> cards;
  std::map<StepKey, KnownWheel> wheels;
  std::set<BlobDigest> blobs;
  std::set<StepKey> in_registry;
  std::map<StepKey, DiffId> pushed_diff_ids;
  std::map<StepKey, KnownWheel> registry_wheels;
};

inline LockedFile wheel(const std::string& name, const std::string& version, std::uint64_t size_bytes) {
  LockedFile file;
  file.name = name;
  file.version = version;
  file.filename = name + "-" + version + "-py3-none-any.whl";
  file.sha256 = digest_of(file.filename);
  file.size_bytes = size_bytes;
  return file;
}

struct PlanTest : ::testing::Test {
  PlanTest() {
    LockedDeb libc;
    libc.name = "libc6";
    libc.version = "2.36";
    libc.architecture = "amd64";
    libc.sha256 = digest_of("libc6");
    libc.size_bytes = 100;
    image.base_suite = "bookworm";
    image.base_flavor = "slim";
    image.base = {libc};
    image.wheels = {wheel("big", "1.0", 5U << 20U), wheel("small", "1.0", 1000)};
    variant.max_layers = 64;
    variant.bytecode = false;  // has tests of its own
  }
  Plan plan() {
    PlanRequest request;
    request.spec_name = "demo";
    request.variant = &variant;
    request.image = &image;
    request.app_files = app_files;
    return make_plan(request, lookups);
  }
  static const Step& step(const Plan& plan, const std::string& id_end) {
    for (const Step& candidate : plan.steps) {
      if (candidate.id.ends_with(id_end)) return candidate;
    }
    throw std::out_of_range(id_end);
  }
  SpecVariant variant;
  LockedImage image;
  std::vector<LayerFile> app_files;
  FakeLookups lookups;
};

}  // namespace mlbuild::test
