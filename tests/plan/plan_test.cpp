#include "mlbuild/plan/plan.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/wheel_layer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace mlbuild {
namespace {

BlobDigest digest_of(std::string_view text) { return BlobDigest(sha256(text)); }

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

LockedFile wheel(const std::string& name, const std::string& version, std::uint64_t size_bytes) {
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

TEST_F(PlanTest, AnEmptyStoreRunsEveryStepAndFetchesEveryInput) {
  const Plan made = plan();
  std::uint64_t fetch_bytes = 0;
  for (const Step& each : made.steps) {
    EXPECT_EQ(each.state, StepState::Run);
    EXPECT_TRUE(std::holds_alternative<NeverRun>(each.reason));
    fetch_bytes += each.fetch_bytes();
  }
  EXPECT_EQ(fetch_bytes, 100U + (5U << 20U) + 1000U);
}

TEST_F(PlanTest, WhatWasMadeIsCachedAndFetchesNothing) {
  lookups.remember(plan());
  for (const Step& each : plan().steps) {
    EXPECT_EQ(each.state, StepState::Cached) << each.id;
    EXPECT_EQ(each.fetch_bytes(), 0U);
  }
}

TEST_F(PlanTest, ABumpedWheelRunsItsOwnLayerOnlyAndNamesTheChange) {
  lookups.remember(plan());
  image.wheels[0] = wheel("big", "1.1", 5U << 20U);
  const Plan made = plan();
  EXPECT_EQ(step(made, "/base").state, StepState::Cached);
  EXPECT_EQ(step(made, "wheel:small").state, StepState::Cached);
  const Step& bumped = step(made, "wheel:big");
  EXPECT_EQ(bumped.state, StepState::Run);
  ASSERT_TRUE(std::holds_alternative<CardChanged>(bumped.reason));
  EXPECT_FALSE(std::get<CardChanged>(bumped.reason).changes.empty());
}

TEST_F(PlanTest, AMissingOutputIsMadeAgainForThatReason) {
  lookups.remember(plan());
  const Plan before = plan();
  lookups.blobs.erase(step(before, "/base").facts->digest);
  const Plan made = plan();
  EXPECT_TRUE(std::holds_alternative<OutputMissing>(step(made, "/base").reason));
  EXPECT_EQ(step(made, "wheel:big").state, StepState::Cached);
}

TEST_F(PlanTest, AChangedAppFileChangesTheAppLayerOnly) {
  app_files = {{"app/main.py", TarType::File, false, 3, digest_of("old"), ""}};
  lookups.remember(plan());
  app_files[0].digest = digest_of("new");
  const Plan made = plan();
  for (const Step& each : made.steps) EXPECT_EQ(each.state == StepState::Run, each.id.ends_with("/app")) << each.id;
  EXPECT_EQ(made.steps.back().id, step(made, "/app").id) << "what changes most is on top";
}

TEST_F(PlanTest, ALayerWithASourceDistributionIsOpenUntilTheWheelIsKnown) {
  LockedSdist sdist;
  sdist.sdist = wheel("native", "2.0", 2U << 20U);
  image.sdists = {sdist};
  const Plan open = plan();
  EXPECT_FALSE(open.complete());
  EXPECT_EQ(step(open, "sdist:native").state, StepState::Run);
  EXPECT_EQ(step(open, "wheel:native").state, StepState::Open);

  const BlobDigest built = digest_of("built");
  lookups.wheels[step(open, "sdist:native").card->key()] = {"native-2.0-py3-none-any.whl", built};
  lookups.blobs.insert(built);
  const Plan decided = plan();
  EXPECT_TRUE(decided.complete());
  EXPECT_EQ(step(decided, "sdist:native").state, StepState::Cached);
  EXPECT_EQ(step(decided, "wheel:native").state, StepState::Run);
}

TEST_F(PlanTest, WhatARegistryHasIsNeitherMadeNorItsInputsFetched) {
  const Plan before = plan();
  lookups.push(before);
  for (const Step& each : plan().steps) {
    EXPECT_EQ(each.state, StepState::Registry) << each.id;
    EXPECT_EQ(std::get<InRegistry>(each.reason).where, "registry.example/ml/demo:1");
    EXPECT_EQ(each.fetch_bytes(), 0U);
    EXPECT_TRUE(each.facts);
  }
  lookups.remember(before);
  for (const Step& each : plan().steps) EXPECT_EQ(each.state, StepState::Cached) << "the store comes first";
}

/// A small source distribution that shares a layer with other wheels, built and pushed.
struct PushedSdistTest : PlanTest {
  PushedSdistTest() {
    LockedSdist sdist;
    sdist.sdist = wheel("native", "2.0", 1000);
    image.sdists = {sdist};
    for (char name = 'a'; name <= 'z'; ++name) image.wheels.push_back(wheel(std::string("w") + name, "1.0", 1000));
    const BlobDigest built = digest_of("built");
    lookups.wheels[step(plan(), "sdist:native").card->key()] = {"native-2.0-py3-none-any.whl", built};
    lookups.blobs.insert(built);
    lookups.push(plan());
  }
  /// The layer that holds the built wheel.
  static const Step& layer(const Plan& plan) {
    for (const Step& each : plan.steps) {
      if (!each.built_from.empty()) return each;
    }
    throw std::out_of_range("built_from");
  }
};

TEST_F(PushedSdistTest, AnEmptyStoreBuildsNothingFromSource) {
  const Plan made = plan();
  EXPECT_TRUE(made.complete());
  EXPECT_EQ(step(made, "sdist:native").state, StepState::Registry);
  EXPECT_EQ(layer(made).state, StepState::Registry);
}

TEST_F(PushedSdistTest, ALayerThatMustBeMadeNeedsTheWheelItself) {
  lookups.in_registry.erase(layer(plan()).card->key());
  const Plan made = plan();
  EXPECT_EQ(step(made, "sdist:native").state, StepState::Run);
  EXPECT_EQ(layer(made).state, StepState::Open);
  EXPECT_EQ(step(made, "wheel:big").state, StepState::Registry);
}

TEST_F(PlanTest, TheCauseOfAWheelIsTheLineThatRequiresIt) {
  python::Requirement requirement;
  requirement.name = "big";
  requirement.location = {"requirements.txt", 7, 1, 8};
  variant.runtime.requirements = {requirement};
  const Plan made = plan();
  EXPECT_EQ(step(made, "wheel:big").causes, (std::vector<Location>{{"requirements.txt", 7, 1, 8}}));
}

TEST_F(PlanTest, AHugeWheelIsSpreadOverSeveralLayersWithinTheLimit) {
  image.wheels.push_back(wheel("huge", "1.0", 2 * kSplitBytes + 1));
  variant.max_layers = 6;
  std::set<std::string> labels;
  std::size_t layers = 0;
  for (const Step& step : plan().steps) {
    labels.insert(step.label);
    layers += step.kind == StepKind::Layer ? 1 : 0;
  }
  EXPECT_TRUE(labels.contains("wheel huge 1.0, part 1 of 3"));
  EXPECT_TRUE(labels.contains("wheel huge 1.0, part 3 of 3"));
  EXPECT_LE(layers, 6U);
}

struct CommandPlanTest : PlanTest {
  CommandPlanTest() {
    for (const char* name : {"first", "second"}) {
      CommandStep step;
      step.name = name;
      step.command = {{"python", name}, {"spec.yaml", 9, 3, 0}};
      variant.steps.push_back(step);
    }
    app_files.emplace_back();
    app_files.back().path = "app/main.py";
    app_files.back().digest = digest_of("main");
  }
  /// As if all that can be run had been run, one after another.
  void run_all() {
    for (int i = 0; i < 3; ++i) lookups.remember(plan());
  }
};

TEST_F(CommandPlanTest, ACommandWaitsForTheLayersBelowAndLiesBelowTheApp) {
  const Plan made = plan();
  EXPECT_EQ(step(made, "/step:first").state, StepState::Open);
  EXPECT_EQ(std::get<WaitsFor>(step(made, "/step:first").reason).steps.size(), 3U);
  EXPECT_TRUE(made.complete());
  EXPECT_TRUE(made.steps.back().id.ends_with("/app"));
  lookups.remember(made);
  EXPECT_EQ(step(plan(), "/step:first").state, StepState::Run);
  EXPECT_EQ(std::get<WaitsFor>(step(plan(), "/step:second").reason).steps,
            std::vector<std::string>{"demo/linux-amd64/step:first"});
}

TEST_F(CommandPlanTest, UnchangedCommandsAreCachedAndTheAppIsNotBelowThem) {
  run_all();
  app_files.back().digest = digest_of("edited");
  const Plan again = plan();
  EXPECT_EQ(step(again, "/step:first").state, StepState::Cached);
  EXPECT_EQ(step(again, "/step:second").state, StepState::Cached);
  EXPECT_EQ(step(again, "/app").state, StepState::Run);
}

TEST_F(CommandPlanTest, AChangedCommandRunsForThatReason) {
  run_all();
  variant.steps[1].env["MODE"] = "fast";
  const auto changed = std::get<CardChanged>(step(plan(), "/step:second").reason);
  EXPECT_EQ(changed.changes, (std::vector<CardChange>{{"env MODE", "", "fast"}}));
  EXPECT_EQ(step(plan(), "/step:first").state, StepState::Cached);
}

TEST_F(CommandPlanTest, TheSameBytesBelowLetTheNextOneBe) {
  run_all();
  variant.steps[0].env["MODE"] = "other";
  lookups.remember(plan());
  EXPECT_EQ(step(plan(), "/step:second").state, StepState::Cached);
  lookups.outputs["demo/linux-amd64/step:first"] = "other bytes";
  variant.steps[0].env["MODE"] = "another";
  lookups.remember(plan());
  const auto changed = std::get<CardChanged>(step(plan(), "/step:second").reason);
  ASSERT_EQ(changed.changes.size(), 1U);
  EXPECT_EQ(changed.changes[0].field, "layer 003");
}

TEST_F(CommandPlanTest, AnEmptyStoreAndAPushedImageNeedNoRun) {
  run_all();
  lookups.push(plan());
  EXPECT_EQ(step(plan(), "/step:first").state, StepState::Registry);
  EXPECT_EQ(step(plan(), "/step:second").state, StepState::Registry);
}

TEST_F(CommandPlanTest, WhatIsForcedRunsOnce) {
  run_all();
  PlanRequest request;
  request.spec_name = "demo";
  request.variant = &variant;
  request.image = &image;
  request.app_files = app_files;
  request.force_layers = true;
  EXPECT_EQ(step(make_plan(request, lookups), "/step:first").state, StepState::Open);
  for (const Step& made : plan().steps) {
    if (made.kind == StepKind::Layer) request.made.insert(made.id);
  }
  EXPECT_TRUE(std::holds_alternative<Forced>(step(make_plan(request, lookups), "/step:first").reason));
  request.made.insert("demo/linux-amd64/step:first");
  EXPECT_EQ(step(make_plan(request, lookups), "/step:first").state, StepState::Cached);
}

TEST_F(CommandPlanTest, ANetworkIsSaidAloud) {
  variant.steps[0].network = true;
  EXPECT_NE(step(plan(), "/step:first").label.find("with network, not reproducible"), std::string::npos);
}

struct BytecodePlanTest : PlanTest {
  BytecodePlanTest() {
    variant.bytecode = true;
    for (const char* name : {"libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal", "zlib1g"}) {
      LockedDeb deb;
      deb.name = name;
      deb.version = "1";
      deb.sha256 = digest_of(name);
      deb.size_bytes = 10;
      image.base.push_back(deb);
    }
  }
  static std::vector<std::string> bytecode_ids(const Plan& plan) {
    std::vector<std::string> ids;
    for (const Step& each : plan.steps) {
      if (each.is_bytecode) ids.push_back(each.id.substr(each.id.find("bytecode:")));
    }
    return ids;
  }
};

TEST_F(BytecodePlanTest, LiesAboveWheelsAndBelowTheApplication) {
  app_files = {{"app/main.py", TarType::File, false, 3, digest_of("old"), ""}};
  const Plan made = plan();
  std::vector<std::string> ids;
  for (const Step& each : made.steps) ids.push_back(each.id.substr(std::string("demo/linux-amd64/").size()));
  EXPECT_EQ(ids, (std::vector<std::string>{"base", "wheel:big", "wheel:small", "bytecode:library", "bytecode:wheel:big",
                                           "bytecode:wheel:small", "app"}));
  EXPECT_EQ(step(made, "bytecode:wheel:big").label, "bytecode of wheel big 1.0");
}

TEST_F(BytecodePlanTest, OfMediumWheelsIsGroupedThoughTheWheelsAreNot) {
  for (const char* name : {"pandas", "yarl"}) image.wheels.push_back(wheel(name, "1.0", kOwnLayerBytes));
  const Plan made = plan();
  EXPECT_EQ(bytecode_ids(made), (std::vector<std::string>{"bytecode:library", "bytecode:wheel:big", "bytecode:wheels:1",
                                                          "bytecode:wheel:small"}));
  EXPECT_EQ(step(made, "bytecode:wheels:1").label, "bytecode of wheels pandas, yarl");
  EXPECT_EQ(step(made, "wheel:yarl").label, "wheel yarl 1.0");
}

TEST_F(BytecodePlanTest, ReadsTheWheelAndTheInterpretersPackagesEachOnce) {
  std::multiset<std::string> labels;
  const Plan made = plan();
  for (const StepInput& input : step(made, "bytecode:wheel:big").inputs) labels.insert(input.label);
  EXPECT_EQ(labels, (std::multiset<std::string>{"big 1.0", "libc6 2.36", "libpython3.11-minimal 1",
                                                "libpython3.11-stdlib 1", "python3.11-minimal 1", "zlib1g 1"}));
}

TEST_F(BytecodePlanTest, ABumpCompilesThatWheelOnly) {
  lookups.remember(plan());
  image.wheels[0] = wheel("big", "1.1", 5U << 20U);
  const Plan made = plan();
  for (const Step& each : made.steps) {
    EXPECT_EQ(each.state == StepState::Run, each.id.ends_with("wheel:big")) << each.id;
  }
  EXPECT_TRUE(std::holds_alternative<CardChanged>(step(made, "bytecode:wheel:big").reason));
}

TEST_F(BytecodePlanTest, AnotherInterpreterCompilesAllAnotherLibcNothing) {
  lookups.remember(plan());
  image.base[0].sha256 = digest_of("newer libc6");
  for (const Step& each : plan().steps)
    EXPECT_EQ(each.state == StepState::Cached, !each.id.ends_with("/base")) << each.id;
  image.base[3].sha256 = digest_of("newer python3.11-minimal");
  for (const Step& each : plan().steps) EXPECT_TRUE(!each.is_bytecode || each.state == StepState::Run) << each.id;
}

TEST_F(BytecodePlanTest, NoneWhereTheSpecOrTheBuildWantsNoneOrThePythonIsUnknown) {
  EXPECT_EQ(bytecode_ids(plan()).size(), 3U);
  variant.bytecode = false;
  EXPECT_TRUE(bytecode_ids(plan()).empty());
  variant.bytecode = true;
  image.interpreter.version = "3.99";
  EXPECT_TRUE(bytecode_ids(plan()).empty());
}

TEST_F(BytecodePlanTest, StaysWithinTheLimitOfLayersAndLeavesWheelsTheirs) {
  for (int i = 0; i < 40; ++i) image.wheels.push_back(wheel("w" + std::to_string(i), "1.0", (2U << 20U) + i));
  for (const unsigned max : {8U, 40U, 50U, 64U, 120U}) {
    variant.max_layers = max;
    const Plan with = plan();
    EXPECT_LE(with.steps.size(), max);
    EXPECT_FALSE(bytecode_ids(with).empty()) << max;
    variant.bytecode = false;
    const std::size_t without = plan().steps.size();
    variant.bytecode = true;
    EXPECT_GE(with.steps.size() - bytecode_ids(with).size() + 2, without) << max;
  }
}

struct BasePlanTest : PlanTest {
  BasePlanTest() {
    variant.foreign_base =
        ForeignBase{ForeignBase::Kind::Image, {"registry.example/python:3.11", {"spec.yaml", 3, 1, 0}}};
    image.base.clear();
    image.base_flavor = "image";
    LockedBaseImage base;
    base.kind = "image";
    base.reference = "registry.example/python:3.11";
    for (const char* name : {"first", "second"}) {
      LockedBaseLayer layer;
      layer.blob.digest = digest_of(name);
      layer.blob.size_bytes = 1U << 20U;
      base.layers.push_back(layer);
    }
    base.projects = {{"other", "1.0", {"other"}}, {"small", "0.9", {"small", "small-0.9.dist-info"}}};
    image.base_image = base;
    image.interpreter.scheme = LockedScheme{"opt/lib", "opt/lib", "opt/bin", "opt/include", "opt"};
  }
};

TEST_F(BasePlanTest, BaseLayersStayInTheirRegistryAndCostNothing) {
  const Plan made = plan();
  for (const char* id : {"/base:1", "/base:2"}) {
    const Step& base = step(made, id);
    EXPECT_EQ(base.kind, StepKind::BaseLayer);
    EXPECT_EQ(base.state, StepState::Registry);
    EXPECT_EQ(std::get<InBase>(base.reason).where, "registry.example/python:3.11");
    EXPECT_EQ(base.fetch_bytes(), 0U);
  }
  EXPECT_TRUE(step(made, "/base:1").label.starts_with("base layer 1/2 sha256:"));
}

TEST_F(BasePlanTest, OnlyOurWheelsGetBytecodeByTheBasesInterpreter) {
  variant.bytecode = true;
  const Plan made = plan();
  std::vector<std::string> ids;
  for (const Step& each : made.steps) {
    if (each.is_bytecode) ids.push_back(each.id.substr(each.id.find("bytecode:")));
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"bytecode:wheel:big", "bytecode:wheel:small"}));
  EXPECT_EQ(step(made, "bytecode:wheel:big").card->fields().at("interpreter"),
            "base " + image.base_image->config_digest.to_string());
}

TEST_F(BasePlanTest, ALayoutIsAtHand) {
  image.base_image->kind = "oci";
  EXPECT_EQ(step(plan(), "/base:1").state, StepState::Cached);
}

TEST_F(BasePlanTest, WhatTheBaseHasInAnotherVersionIsHidden) {
  const Plan made = plan();
  const KeyCard card = step(made, "/replaced").card.value();
  EXPECT_TRUE(card.fields().contains("file opt/lib/.wh.small"));
  EXPECT_TRUE(card.fields().contains("file opt/lib/.wh.small-0.9.dist-info"));
  EXPECT_FALSE(card.fields().contains("file opt/lib/.wh.other"));
  image.base_image->projects[1].version = "1.0";
  const Plan same = plan();
  EXPECT_THROW(step(same, "/replaced"), std::out_of_range);
}

TEST_F(BasePlanTest, SystemLibrariesReadTheDatabaseOfTheBase) {
  LockedDeb gomp;
  gomp.name = "libgomp1";
  gomp.sha256 = digest_of("gomp");
  image.system_runtime = {gomp};
  image.base_image->debian.database = "status";
  image.base_image->debian.status_layer = 1;
  image.base_image->debian.status_digest = digest_of("status");
  const Plan made = plan();
  const Step& system = step(made, "/system");
  ASSERT_EQ(system.inputs.size(), 2U);
  EXPECT_EQ(system.inputs[1].kind, StepInput::Kind::BaseFile);
  EXPECT_EQ(system.inputs[1].layer, 1U);
  EXPECT_EQ(system.card->fields().at("base status"), digest_of("status").to_string());
}

TEST_F(PlanTest, ScratchHasNoBase) {
  variant.foreign_base = ForeignBase{};
  image.base.clear();
  image.wheels.clear();
  EXPECT_TRUE(plan().steps.empty());
}

}  // namespace
}  // namespace mlbuild
