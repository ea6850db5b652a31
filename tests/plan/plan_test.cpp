#include "plan/plan_fixture.hpp"

#include <set>

namespace mlbuild {
namespace {

using test::digest_of;
using test::PlanTest;
using test::wheel;

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

TEST_F(PlanTest, AnApplicationBelowDirectoriesOfTheBaseLeavesTheirModeAndOwnerAlone) {
  app_files = {{"tmp/main.py", TarType::File, false, 3, digest_of("main"), ""}};
  EXPECT_EQ(step(plan(), "/app").card->fields().at("base directory tmp"), "1777 0:0");
  app_files = {{"var/mail/root", TarType::File, false, 3, digest_of("mail"), ""}};
  EXPECT_EQ(step(plan(), "/app").card->fields().at("base directory var/mail"), "2775 0:8");
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

TEST_F(PlanTest, MoreLayersThanTheSpecWantsAreSaidAndNoRuntimeGetsMoreThanItTakes) {
  variant.max_layers = 8;
  variant.steps.assign(6, {});
  EXPECT_FALSE(plan().over_max);
  variant.steps.assign(8, {});
  EXPECT_EQ(plan().over_max,
            "the image has 10 layers, and `layers.max` is 8; base, `steps` and app have theirs whatever it says");
  variant.steps.assign(125, {});
  EXPECT_EQ(plan().steps.size(), 127U);
  variant.steps.assign(126, {});
  try {
    plan();
    FAIL() << "128 layers";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Spec);
    EXPECT_STREQ(error.what(), "the image would have 128 layers, and container runtimes stop at 127");
  }
}

TEST_F(PlanTest, ScratchHasNoBase) {
  variant.foreign_base = ForeignBase{};
  image.base.clear();
  image.wheels.clear();
  EXPECT_TRUE(plan().steps.empty());
}

}  // namespace
}  // namespace mlbuild
