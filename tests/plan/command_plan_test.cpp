#include "plan/plan_fixture.hpp"

namespace mlbuild {
namespace {

using test::digest_of;
using test::PlanTest;

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

TEST_F(CommandPlanTest, ANameIsPartOfTheLayer) {
  run_all();
  variant.steps[1].name = "renamed";
  EXPECT_EQ(step(plan(), "/step:renamed").state, StepState::Run) << "what the layer says of itself is another name";
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

}  // namespace
}  // namespace mlbuild
