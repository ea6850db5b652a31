#include "plan/plan_fixture.hpp"

#include <gmock/gmock.h>

namespace mlbuild {
namespace {

using test::digest_of;
using test::PlanTest;
using ::testing::ElementsAre;

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

TEST_F(BasePlanTest, ALazyLayerStaysLazy) {
  image.base_image->layers[1].blob.annotations = {{"containerd.io/snapshot/stargz/toc.digest", "sha256:1"}};
  const Plan made = plan();
  EXPECT_TRUE(step(made, "/base:1").facts->annotations.empty());
  EXPECT_EQ(step(made, "/base:2").facts->annotations, image.base_image->layers[1].blob.annotations);
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

TEST_F(BasePlanTest, LayersNameTheDirectoriesOfTheBaseThatTheyRepeat) {
  image.base_image->directories = {{"home/me", {0750, 1000, 100}}, {"opt", {0775, 0, 50}}, {"optional", {0700, 0, 0}}};
  app_files = {{"home/me/main.py", TarType::File, false, 3, digest_of("main"), ""}};
  const Plan made = plan();
  const auto named = [&](const std::string& id) {
    std::vector<std::string> names;
    for (const auto& [name, value] : step(made, id).card->fields()) {
      if (name.starts_with("base directory ")) names.push_back(name.substr(15) + " " + value);
    }
    return names;
  };
  EXPECT_THAT(named("/app"), ElementsAre("home/me 0750 1000:100"));
  EXPECT_THAT(named("/replaced"), ElementsAre("opt 0775 0:50"));
  EXPECT_THAT(named("wheel:small"), ElementsAre("opt 0775 0:50"));
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

}  // namespace
}  // namespace mlbuild
