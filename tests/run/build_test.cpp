// A whole build below the command line: fake packages in a real store, no network, no sandbox.
#include "build_fixture.hpp"

#include "mlbuild/io/sha256.hpp"

namespace mlbuild {
namespace {

using test::BuildTest;

TEST_F(BuildTest, TheSecondBuildMakesNothingAndGivesTheSameDigest) {
  const BuildResult first = build();
  EXPECT_GT(first.layers_made, 0U);
  events.take_started();
  const BuildResult second = build();
  EXPECT_EQ(second.layers_made, 0U);
  EXPECT_TRUE(events.take_started().empty());
  EXPECT_EQ(second.image.manifest.digest, first.image.manifest.digest);
  EXPECT_EQ(http.requests, 0);
}

TEST_F(BuildTest, ForcedLayersAreTheSameBytes) {
  const BuildResult first = build();
  const BuildResult again = build(true);
  EXPECT_EQ(again.layers_made, first.layers_made);
  EXPECT_EQ(again.image.manifest.digest, first.image.manifest.digest);
}

TEST_F(BuildTest, ACodeChangeMakesTheAppLayerOnly) {
  build();
  events.take_started();
  write_file_atomically(dir.path() / "app/main.py", "print('two')\n");
  EXPECT_EQ(build().layers_made, 1U);
  EXPECT_EQ(events.take_started(), (std::vector<std::string>{"demo/linux-amd64/app"}));
}

TEST_F(BuildTest, AChangeIsToldAlsoAgainstWhatAnotherSpecMade) {
  build();
  spec.name = "other";
  EXPECT_EQ(build().layers_made, 0U);
  write_file_atomically(dir.path() / "app/main.py", "print('two')\n");
  EXPECT_TRUE(std::holds_alternative<CardChanged>(build().first_plan.steps.back().reason));
}

TEST_F(BuildTest, WithoutASandboxTheImageHasNoBytecodeAndTheBuildSaysWhy) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  const BuildResult result = build();
  EXPECT_EQ(events.warnings, (std::vector<std::string>{"the image gets no bytecode: no sandbox in this test"}));
  for (const ImageLayer& layer : result.image.layers) EXPECT_FALSE(layer.created_by.starts_with("bytecode"));
  events.warnings.clear();
  spec.variants[0].bytecode = false;
  EXPECT_EQ(build().image.manifest.digest, result.image.manifest.digest);
  EXPECT_TRUE(events.warnings.empty());
}

TEST_F(BuildTest, ThePlanSaysWhatTheBuildWillDoWithoutASandbox) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  const Plan planned = plan_build(request(), context());
  EXPECT_EQ(planned.no_bytecode, "no sandbox in this test");
  EXPECT_EQ(events.warnings, (std::vector<std::string>{"the image gets no bytecode: no sandbox in this test"}));
  for (const Step& step : planned.steps) EXPECT_FALSE(step.is_bytecode) << step.id;
  EXPECT_EQ(build().image.layers.size(), planned.steps.size());
}

TEST_F(BuildTest, WhereLayersAreUsedUpTheBuildSaysWhichKeyToChange) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  spec.variants[0].max_layers = 3;
  build();
  ASSERT_EQ(events.warnings.size(), 1U);
  EXPECT_TRUE(events.warnings[0].starts_with("the image gets no bytecode: ")) << events.warnings[0];
  EXPECT_TRUE(events.warnings[0].ends_with("write at least `layers: {max: 5}`")) << events.warnings[0];
}

TEST_F(BuildTest, AnImageAboveTheLimitOfLayersIsMadeAndSaidToBe) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  spec.variants[0].bytecode = false;
  spec.variants[0].max_layers = 1;
  const std::size_t layers = build().image.layers.size();
  EXPECT_GT(layers, 1U);
  ASSERT_EQ(events.warnings.size(), 1U);
  EXPECT_TRUE(events.warnings[0].starts_with("the image has " + std::to_string(layers) + " layers"))
      << events.warnings[0];
}

TEST_F(BuildTest, ConfigAndManifestAreKeptInTheStore) {
  const BuildResult result = build();
  EXPECT_EQ(store.find(result.image.manifest.digest), result.image.manifest.size_bytes);
  EXPECT_EQ(store.find(result.image.config.digest), result.image.config.size_bytes);
}

TEST_F(BuildTest, ACancelledBuildStopsAndLeavesTheStoreValid) {
  cancellation.request();
  EXPECT_THROW(build(), Error);
  EXPECT_TRUE(verify_store(store.root(), false).empty());
}

TEST_F(BuildTest, WheelsOfTwoLayersThatFightOverAPathFailEveryTime) {
  add_wheel(test::WheelBuilder::named("one").add("shared.py", "1"));
  add_wheel(test::WheelBuilder::named("two").add("shared.py", "2"));
  for (int run = 0; run < 2; ++run) {  // the second time all layers are there already
    try {
      build();
      FAIL() << "both wheels bring shared.py";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("`one-1.0-py3-none-any.whl` and `two-1.0-py3-none-any.whl`"),
                std::string::npos);
    }
  }
}

TEST_F(BuildTest, ACorruptWheelIsNamedAndLeavesNoImage) {
  test::WheelBuilder builder = test::WheelBuilder::named("broken").add("broken.py", "x = 1\n");
  builder.record_rows["broken.py"] = "broken.py," + test::record_hash_of("y = 2\n") + ",6";
  add_wheel(builder);
  try {
    build();
    FAIL() << "RECORD and content differ";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    EXPECT_NE(std::string(error.what()).find("broken.py"), std::string::npos);
    ASSERT_FALSE(error.context().empty());
    EXPECT_NE(error.context().front().find("broken-1.0-py3-none-any.whl"), std::string::npos);
    EXPECT_FALSE(error.hint_text().empty());
  }
  EXPECT_TRUE(verify_store(store.root(), false).empty());
}

// The lock's sizes decide; what is behind them need not be as large.
TEST_F(BuildTest, TheLongestWorkComesFirstAndAPartIsAShare) {
  for (const char* name : {"halves", "single", "small"}) {
    add_wheel(test::WheelBuilder::named(name).add(std::string(name) + ".py", "x = 1\n"));
  }
  image.wheels[0].size_bytes = 700U << 20U;  // two parts of 350 MiB
  image.wheels[1].size_bytes = 400U << 20U;
  image.wheels[2].size_bytes = 2U << 20U;
  build(false, 1);
  std::vector<std::string> wheels;
  for (const std::string& id : events.take_started()) {
    if (const auto at = id.find("wheel:"); at != std::string::npos) wheels.push_back(id.substr(at + 6));
  }
  EXPECT_EQ(wheels, (std::vector<std::string>{"single", "halves:1", "halves:2", "small"}));
}

TEST_F(BuildTest, AMissingInputIsFetchedAndItsFailureNamesIt) {
  LockedFile wheel;
  wheel.name = "tomli";
  wheel.version = "2.0.1";
  wheel.filename = "tomli-2.0.1-py3-none-any.whl";
  wheel.sha256 = BlobDigest(sha256("absent"));
  wheel.size_bytes = 6;
  image.wheels = {wheel};
  site.default_index = PythonIndex{"default", "http://127.0.0.1:9/simple"};
  try {
    build();
    FAIL() << "the wheel cannot be there";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    ASSERT_FALSE(error.context().empty());
    EXPECT_NE(error.context().back().find("tomli 2.0.1"), std::string::npos);
  }
}

}  // namespace
}  // namespace mlbuild
