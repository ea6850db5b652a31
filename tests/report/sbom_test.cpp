#include "mlbuild/report/sbom.hpp"

#include "../../src/report/spdx_license.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

PackageDescription says(std::string license, std::vector<std::string> classifiers = {}) {
  PackageDescription description;
  description.license = std::move(license);
  description.classifiers = std::move(classifiers);
  return description;
}

TEST(SpdxLicense, ReadsExpressionsPhrasesAndClassifiers) {
  EXPECT_EQ(spdx_license(says("apache-2.0")), "Apache-2.0");
  EXPECT_EQ(spdx_license(says("(MIT OR Apache-2.0) AND BSD-3-Clause")), "(MIT OR Apache-2.0) AND BSD-3-Clause");
  EXPECT_EQ(spdx_license(says("Apache-2.0 WITH LLVM-exception")), "Apache-2.0 WITH LLVM-exception");
  EXPECT_EQ(spdx_license(says("MIT License")), "MIT");
  EXPECT_EQ(spdx_license(says("", {"License :: OSI Approved", "License :: OSI Approved :: MIT License"})), "MIT");
}

TEST(SpdxLicense, GuessesNothing) {
  EXPECT_EQ(spdx_license(says("BSD")), "");
  EXPECT_EQ(spdx_license(says("", {"License :: OSI Approved :: BSD License"})), "");
  for (const char* text :
       {"MIT OR", "OR MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH Apache-2.0", "MIT AND Own-1.0", "()"})
    EXPECT_EQ(spdx_license(says(text)), "") << text;
}

struct SbomTest : ::testing::Test {
  SbomTest() {
    RunConfig config;
    ImageLayer layer;
    layer.created_by = "wheels";
    image = compose_image({layer}, config, {"linux", "amd64", ""}, 315532800);
    ContentPackage one, two, deb;
    one.kind = two.kind = "wheel";
    one.name = "Ruamel.Yaml";
    one.version = "1.0+cu121";
    one.layers = two.layers = deb.layers = {0};
    one.description.needs = {"two", "ruamel-yaml", "not-there"};
    two.name = "two";
    two.version = "2";
    two.description = says("Own words\nand more");
    deb.kind = "deb";
    deb.name = "libc6";
    deb.version = "2.36-9+deb12u14";
    deb.description.architecture = "amd64";
    contents.packages = {one, two, deb, ContentPackage{"files", "", "", {}, {0}, {}}};
  }
  json sbom(SbomForm form) const { return json::parse(sbom_json({"train", image, contents, nullptr}, form)); }
  Image image;
  ImageContents contents;
};

TEST_F(SbomTest, NamesPackagesByTheirUrls) {
  const json components = sbom(SbomForm::CycloneDx)["components"];
  ASSERT_EQ(components.size(), 3U);
  EXPECT_EQ(components[0]["purl"], "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64");
  EXPECT_EQ(components[1]["purl"], "pkg:pypi/ruamel-yaml@1.0%2Bcu121");
  EXPECT_EQ(components[2]["licenses"][0]["license"]["name"], "Own words");
}

TEST_F(SbomTest, APackageNeedsOthersOfTheImageOnly) {
  const json dependencies = sbom(SbomForm::CycloneDx)["dependencies"];
  EXPECT_EQ(dependencies[0]["dependsOn"], json({"deb-libc6-2.36-9-deb12u14", "wheel-Ruamel.Yaml-1.0-cu121"}));
  EXPECT_EQ(dependencies[2]["dependsOn"], json({"wheel-two-2"}));
}

TEST_F(SbomTest, TimeAndIdentityAreTheImages) {
  const json document = sbom(SbomForm::Spdx);
  EXPECT_EQ(document["creationInfo"]["created"], "1980-01-01T00:00:00Z");
  EXPECT_EQ(document["documentNamespace"], "urn:mlbuild:spdx:" + image.manifest.digest.to_string());
}

TEST_F(SbomTest, AnotherFormIsAMistake) { EXPECT_THROW(parse_sbom_form("word"), Error); }

}  // namespace
}  // namespace mlbuild
