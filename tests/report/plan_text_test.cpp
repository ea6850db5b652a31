#include "mlbuild/report/plan_text.hpp"

#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

Step step(const std::string& label, StepState state, Reason reason, std::uint64_t size_bytes) {
  Step made;
  made.id = "demo/linux-amd64/" + label;
  made.label = label;
  made.state = state;
  made.reason = std::move(reason);
  StepInput input;
  input.size_bytes = size_bytes;
  made.inputs = {input};
  return made;
}

TEST(PlanText, NamesStateSizeAndCauseOfEachStep) {
  Plan plan;
  plan.steps = {
      step("wheel numpy 1.26.4", StepState::Cached, AlreadyKnown{}, 18300000),
      step("wheel pandas 2.2.1", StepState::Run, CardChanged{{{"wheel", "pandas 2.2.0", "pandas 2.2.1"}}}, 13000000)};
  plan.steps[1].causes = {{"requirements.txt", 14, 1, 6}};
  EXPECT_EQ(plan_text(plan, true),
            "wheel numpy 1.26.4  cached      18.3 MB  unchanged\n"
            "wheel pandas 2.2.1  run         13.0 MB  wheel: pandas 2.2.0 -> pandas 2.2.1\n"
            "                      asked for at requirements.txt:14:1\n"
            "1 cached, 1 to run, 0 open; 13.0 MB to fetch\n");
}

TEST(PlanText, WhatSeveralStepsReadIsFetchedOnce) {
  Plan plan;
  plan.steps = {step("wheel torch 2.4.0, part 1 of 2", StepState::Run, NeverRun{}, 900),
                step("wheel torch 2.4.0, part 2 of 2", StepState::Run, NeverRun{}, 900),
                step("bytecode torch 2.4.0", StepState::Open, NeverRun{}, 900)};
  StepInput here;
  here.digest = BlobDigest(sha256("here"));
  here.size_bytes = 50;
  here.present = true;
  StepInput missing = here;
  missing.digest = BlobDigest(sha256("missing"));
  missing.present = false;
  plan.steps[2].inputs.insert(plan.steps[2].inputs.end(), {here, missing});
  EXPECT_NE(plan_text(plan, false).find("2 to run, 1 open; 950 B to fetch"), std::string::npos);
  const std::string totals = plan_json({plan});
  EXPECT_NE(totals.find("\"fetch_bytes\": 950", totals.find("\"totals\"")), std::string::npos);
}

TEST(PlanText, NamesTheImageThatHasALayer) {
  Plan plan;
  plan.steps = {step("wheel numpy 1.26.4", StepState::Registry, InRegistry{"registry.example/ml/churn:1"}, 18300000)};
  EXPECT_EQ(plan_text(plan, true),
            "wheel numpy 1.26.4  registry    18.3 MB  in registry.example/ml/churn:1\n"
            "0 cached, 1 in a registry, 0 to run, 0 open; 0 B to fetch\n");
}

TEST(PlanJson, SaysWhyThereIsNoBytecode) {
  Plan plan;
  EXPECT_NE(plan_json({plan}).find("\"no_bytecode\": null"), std::string::npos);
  plan.no_bytecode = "there is no sandbox";
  EXPECT_NE(plan_json({plan}).find("\"no_bytecode\": \"there is no sandbox\""), std::string::npos);
}

TEST(PlanText, EveryReasonHasItsText) {
  EXPECT_EQ(reason_text(AlreadyKnown{}), "unchanged");
  EXPECT_EQ(reason_text(NeverRun{}), "never made here");
  EXPECT_EQ(reason_text(Forced{}), "forced");
  EXPECT_EQ(reason_text(InRegistry{"registry.example/ml/churn:1"}), "in registry.example/ml/churn:1");
  EXPECT_EQ(reason_text(WaitsFor{{"demo/linux-amd64/sdist:antlr"}}), "waits for sdist:antlr");
  EXPECT_EQ(reason_text(CardChanged{{{"epoch", "", "7"}}}), "epoch is new: 7");
  EXPECT_NE(reason_text(OutputMissing{}).find("no longer in the store"), std::string::npos);
}

}  // namespace
}  // namespace mlbuild
