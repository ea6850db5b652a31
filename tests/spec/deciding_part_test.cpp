#include "spec_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FakeDirectory with_files() {
  FakeDirectory directory;
  directory.files = {{"main.py", ""}, {"tools/make.py", ""}};
  directory.directories = {"pipeline", "tools"};
  return directory;
}

std::string part(const std::string& text) {
  const Spec spec = parse(kHead + text, with_files());
  return deciding_part_json(spec, spec.variants.back(), spec.platforms.front());
}

std::string part_of_part(const std::string& json) {
  const Spec spec = parse(json, with_files());
  return deciding_part_json(spec, spec.variants.front(), spec.platforms.front());
}

TEST(DecidingPart, IsASpecThatSaysTheSame) {
  for (const std::string text :
       {"", "base: {flavor: distroless}\nlayers: {max: 20, compression: zstd}\n", "gpu: {cuda: \"12.1\"}\n",
        "layers: {lazy: estargz}\n", "layers: {lazy: \"zstd:chunked\", compression: zstd}\n",
        "prune: {tests: true, keep: [numpy]}\n", "python: {bytecode: false}\n",
        "system: {runtime: [tk], scripts: run}\n", "system: {runtime: [tk], scripts: {tk: run, dash: ignore}}\n",
        "steps: [{run: \"a | b\\n\\\"c\\\"\"}, {name: two, run: [python, -c, \"print(1)\"], inputs: [tools/make.py], "
        "network: true, env: {A: \"true\", B: \"\\u00e9\"}}]\n",
        "config: {workdir: /app, user: \"1000:1000\", env: {PATH: /bin}, entrypoint: [], cmd: [a, \"b c\"], labels: "
        "{team: \"1\"}, ports: [8080, 53/udp], stop-signal: SIGINT}\n"}) {
    const std::string once = part(text);
    EXPECT_EQ(part_of_part(once), once) << text;
  }
}

TEST(DecidingPart, HoldsOneVariantOnly) {
  const std::string text = part("config: {cmd: [a]}\nvariants: {serve: {config: {cmd: [b]}}}\n");
  EXPECT_THAT(text, HasSubstr(R"("cmd":["b"])"));
  EXPECT_THAT(text, Not(HasSubstr("variants")));
}

TEST(DecidingPart, WhatChangesNoByteIsNotInIt) {
  EXPECT_EQ(
      part("# a comment\nrequirements: {runtime: [a], dev: [b]}\nbudget: {compressed: 1GB}\ncheck: {imports: "
           "[a]}\nimage: host.example/a\npython: {indexes: [{url: \"https://secret.example\", packages: [a]}]}\n"),
      part(""));
}

}  // namespace
}  // namespace mlbuild
