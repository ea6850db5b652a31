#include "spec_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FakeDirectory some_files() {
  FakeDirectory directory;
  directory.files = {{"tools/make.py", ""}, {"a.json", ""}};
  directory.directories = {"tools", "data"};
  return directory;
}

std::vector<CommandStep> steps_of(const std::string& text) {
  return parse(kHead + text, some_files()).variants.front().steps;
}

std::vector<std::string> places(const std::string& inputs) {
  std::vector<std::string> places;
  const std::vector<CommandStep> steps = steps_of("steps: [{run: [a], inputs: " + inputs + "}]\n");
  for (const AppCopy& input : steps.front().inputs) places.push_back(input.to);
  return places;
}

std::string step_mistake(const std::string& step) {
  return mistake(kHead + "steps:\n  - " + step + "\n", some_files());
}

TEST(ReadSteps, AListIsTheCommandAndATextIsForTheShell) {
  const auto steps = steps_of("steps:\n  - run: [python, -m, x]\n  - run: a && b\n    name: two\n    network: true\n");
  EXPECT_THAT(steps[0].command.value, ElementsAre("python", "-m", "x"));
  EXPECT_EQ(steps[0].name, "1");
  EXPECT_FALSE(steps[0].network);
  EXPECT_EQ(steps[0].command.location.line, 4U);
  EXPECT_THAT(steps[1].command.value, ElementsAre("/bin/sh", "-e", "-c", "a && b"));
  EXPECT_EQ(steps[1].name, "two");
  EXPECT_TRUE(steps[1].network);
}

TEST(ReadSteps, InputsHaveAPlaceOfTheirOwn) {
  EXPECT_THAT(places("[tools/, a.json]"), ElementsAre("/inputs/tools", "/inputs/a.json"));
  EXPECT_THAT(places("[{from: a.json, to: /etc/}, {from: data, to: /data/}]"), ElementsAre("/etc/a.json", "/data"));
}

TEST(ReadSteps, MistakesHaveTheirPlace) {
  EXPECT_EQ(step_mistake("name: x"), "4:5 `steps[0]` has no `run`");
  EXPECT_EQ(step_mistake("run: []"), "4:10 `run` has no program");
  EXPECT_EQ(step_mistake("run: ' '"), "4:10 `run` has no program");
  EXPECT_EQ(step_mistake("{run: a, inputs: [nowhere]}"), "4:23 `nowhere` does not exist");
  EXPECT_EQ(step_mistake("{run: a, inputs: [../a]}"), "4:23 `../a` leaves the directory of the spec");
  EXPECT_THAT(step_mistake("{run: a, inputs: [{from: a.json, to: x}]}"), HasSubstr("`to` must be an absolute path"));
  for (const std::string place : {"/tmp/x", "/proc/x", "/dev", "/", "/bin/x"})
    EXPECT_THAT(step_mistake("{run: a, inputs: [{from: data, to: " + place + "}]}"),
                HasSubstr("an input cannot be at"));
  EXPECT_THAT(step_mistake("{run: a, inputs: [tools, tools/make.py]}"), HasSubstr("at the place of another one"));
  EXPECT_THAT(step_mistake("{run: a, env: {1: a}}"), HasSubstr("no name of an environment variable"));
  EXPECT_EQ(step_mistake("{run: a, network: maybe}"), "4:23 `steps[0].network` cannot be `maybe`");
  EXPECT_EQ(step_mistake("{run: a, inptus: []}"), "4:14 unknown key `inptus` in `steps[0]`");
}

TEST(ReadSteps, NamesAreUsedOnce) {
  EXPECT_THAT(step_mistake("{run: a, name: x}\n  - {run: b, name: x}"), HasSubstr("two steps have the name `x`"));
  EXPECT_THAT(step_mistake("{run: a, name: 2}\n  - {run: b}"), HasSubstr("two steps have the name `2`"));
}

TEST(ReadSteps, NothingRunsOnScratch) {
  const std::string text = kHead + "base: scratch\napp: [{from: a.json, to: /}]\nsteps: [{run: a}]\n";
  EXPECT_THAT(mistake(text, some_files()), HasSubstr("no command can run on `base: scratch`"));
}

TEST(ReadSteps, AVariantReplacesThem) {
  const Spec spec = parse(kHead + "steps: [{run: [a]}]\nvariants: {v: {steps: [{run: [b]}]}}\n");
  EXPECT_EQ(spec.variants[1].steps.front().command.value.front(), "b");
}

TEST(ReadSystem, ScriptsMayRunForSomeOrForAll) {
  const SystemPackages some = parse(kHead + "system: {scripts: {a1: run, b1: ignore}}\n").variants.front().system;
  EXPECT_EQ(some.run_scripts.front().value, "a1");
  EXPECT_THAT(some.ignore_scripts, ElementsAre("b1"));
  EXPECT_FALSE(some.run_all_scripts);
  EXPECT_TRUE(parse(kHead + "system: {scripts: run}\n").variants.front().system.run_all_scripts);
}

}  // namespace
}  // namespace mlbuild
