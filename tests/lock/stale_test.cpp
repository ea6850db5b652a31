#include "lock_samples.hpp"

#include "mlbuild/lock/resolve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

python::Requirement requirement(const std::string& text) {
  Diagnostics diagnostics;
  return python::parse_requirement(text, {"spec.yaml", 1, 1, 1}, diagnostics).value();
}

Spec sample_spec() {
  Spec spec;
  spec.platforms = {{"linux", "amd64", ""}};
  SpecVariant variant;
  variant.base.suite.value = "bookworm";
  variant.base.python.value = "3.11";
  variant.runtime.requirements = {requirement("toy==1.0"), requirement("scipy==1.12")};
  spec.variants = {variant};
  return spec;
}

Lock answer(const Spec& spec) {
  Lock lock;
  for (const SpecVariant& variant : spec.variants) {
    for (const oci::Platform& platform : spec.platforms) {
      LockedImage image = sample_image();
      image.variant = variant.name;
      image.platform = platform;
      image.spec_part = locked_part_json(spec, variant);
      image.spec_digest = locked_part_digest(spec, variant);
      lock.images.push_back(image);
    }
  }
  return lock;
}

TEST(ExplainStale, AnAnsweringLockIsNotStale) {
  const Spec spec = sample_spec();
  EXPECT_THAT(explain_stale(parse_lock(to_json(answer(spec)), "x"), spec), IsEmpty());
}

TEST(ExplainStale, NamesTheRequirementThatMoved) {
  Spec spec = sample_spec();
  const Lock lock = answer(spec);
  spec.variants[0].runtime.requirements[1] = requirement("scipy==1.13");
  EXPECT_THAT(explain_stale(lock, spec),
              ElementsAre("requirements.runtime: - scipy==1.12", "requirements.runtime: + scipy==1.13"));
}

TEST(ExplainStale, NamesFieldsWithBothValues) {
  Spec spec = sample_spec();
  const Lock lock = answer(spec);
  spec.variants[0].base.flavor = BaseFlavor::Distroless;
  spec.variants[0].exclude_newer = Located<std::string>{"2024-06-01", {}};
  spec.variants[0].runtime.constraints = {requirement("numpy<2")};
  EXPECT_THAT(explain_stale(lock, spec),
              ElementsAre("base.flavor: slim -> distroless", "python.exclude-newer: + 2024-06-01",
                          "requirements.runtime-constraints: + numpy<2"));
}

TEST(ExplainStale, ChangesOfAllPlatformsAreToldOnce) {
  Spec spec = sample_spec();
  spec.platforms.push_back({"linux", "arm64", ""});
  const Lock lock = answer(spec);
  spec.variants[0].base.python.value = "3.12";
  EXPECT_THAT(explain_stale(lock, spec), ElementsAre("base.python: 3.11 -> 3.12"));
}

TEST(ExplainStale, NamesNewVariantsAndPlatforms) {
  Spec spec = sample_spec();
  const Lock lock = answer(spec);
  spec.platforms.push_back({"linux", "arm64", ""});
  spec.variants.push_back(spec.variants[0]);
  spec.variants[1].name = "serve";
  const auto lines = explain_stale(lock, spec);
  EXPECT_THAT(lines, Contains("platforms: + linux/arm64"));
  EXPECT_THAT(lines, Contains("variant serve: platforms: + linux/amd64"));
}

TEST(ExplainStale, LeftOverImagesAreStale) {
  Spec spec = sample_spec();
  spec.variants.push_back(spec.variants[0]);
  spec.variants[1].name = "serve";
  const Lock lock = answer(spec);
  spec.variants.pop_back();
  EXPECT_EQ(explain_stale(lock, spec).size(), 1U);
}

TEST(MovedPins, NamesWhatCameWentAndMoved) {
  Lock now = sample_lock();
  EXPECT_THAT(moved_pins(sample_lock(), now), ElementsAre());
  now.images[0].wheels[0].version = "1.1";
  now.images[0].wheels[1].name = "other";
  now.images[0].sdists[0].build_requirements[0].version = "80.9.0";
  EXPECT_THAT(moved_pins(sample_lock(), now), ElementsAre("+ other 2.0", "  setuptools (builds odd) 70.0.0 -> 80.9.0",
                                                          "  toy 1.0 -> 1.1", "- toydep 2.0"));
}

TEST(MovedPins, NamesTheImagesWhereTheyDiffer) {
  Lock before = sample_lock();
  before.images.push_back(sample_image());
  before.images[1].variant = "serve";
  Lock now = before;
  now.images[0].wheels[0].version = "1.1";
  now.images[0].wheels[1].version = now.images[1].wheels[1].version = "2.1";
  now.images[1].base.erase(now.images[1].base.begin());
  EXPECT_THAT(moved_pins(before, now), ElementsAre("  toy 1.0 -> 1.1 (linux/amd64)", "  toydep 2.0 -> 2.1",
                                                   "- deb:dpkg 1.0-1 (serve linux/amd64)"));
}

TEST(MovedPins, AnImageMoreIsNoNewsOfWhatOthersHave) {
  Lock now = sample_lock();
  now.images.push_back(sample_image());
  now.images[1].platform = {"linux", "arm64", ""};
  now.images[1].wheels[0].name = "only-arm";
  EXPECT_THAT(moved_pins(sample_lock(), now), ElementsAre("+ only-arm 1.0"));
  EXPECT_THAT(moved_pins(now, sample_lock()), ElementsAre("- only-arm 1.0"));
}

TEST(MovedPins, WhatIsForDevelopmentOrBuildingMovesToo) {
  Lock now = sample_lock();
  now.images[0].dev[0].version = "9.0";
  now.images[0].system_build[0].version = "2.0-1";
  EXPECT_THAT(moved_pins(sample_lock(), now),
              ElementsAre("  deb:gcc (build) 1.0-1 -> 2.0-1", "  pytest (dev) 8.0 -> 9.0"));
}

}  // namespace
}  // namespace mlbuild::test
