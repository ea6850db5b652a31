#include "plan/plan_fixture.hpp"

#include "mlbuild/layer/wheel_layer.hpp"

#include <set>

namespace mlbuild {
namespace {

using test::digest_of;
using test::PlanTest;
using test::wheel;

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

TEST_F(BytecodePlanTest, WhereLayersAreUsedUpThePlanSaysSoAndWhatIsEnough) {
  variant.max_layers = 8;
  variant.steps.assign(4, {});
  EXPECT_FALSE(plan().no_bytecode);
  variant.steps.assign(9, {});
  EXPECT_EQ(
      plan().no_bytecode,
      "with it the image would have at least 13 layers, and `layers.max` is 8; write at least `layers: {max: 13}`");
  EXPECT_TRUE(bytecode_ids(plan()).empty());
  variant.max_layers = 12;
  EXPECT_TRUE(plan().no_bytecode);
  variant.max_layers = 13;
  EXPECT_FALSE(plan().no_bytecode);
  EXPECT_EQ(bytecode_ids(plan()).size(), 2U);
  EXPECT_EQ(plan().steps.size(), 13U);
}

TEST_F(BytecodePlanTest, NobodyIsToldToWriteWhatIsTooMuchOrAboutBytecodeThatIsNotWanted) {
  variant.steps.assign(kMostLayers, {});
  EXPECT_NE(plan().no_bytecode.value().find("120 are the most there can be"), std::string::npos);
  variant.bytecode = false;
  EXPECT_FALSE(plan().no_bytecode);
}

}  // namespace
}  // namespace mlbuild
