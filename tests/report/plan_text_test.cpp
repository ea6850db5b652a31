#include "mlbuild/report/plan_text.hpp"

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
