#include "mlbuild/run/build_record.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LockedFile wheel(const std::string& name) {
  return {name, "1.0", name + "-1.0-py3-none-any.whl", "default", BlobDigest(sha256(name)), 10, {"spec"}};
}

struct Example {
  Example() {
    spec.name = "demo";
    spec.variants.resize(1);
    spec.variants[0].base.suite.value = "bookworm";
    spec.variants[0].base.python.value = "3.11";
    image.interpreter.full_version = "3.11.2";
    image.wheels = {wheel("numpy")};
    image.dev = {wheel("pytest")};
    image.spec_digest = BlobDigest(sha256("part"));
    image.spec_part = R"({"requirements":{"runtime":["numpy"]}})";
    image.releases = {{"bookworm", BlobDigest(sha256("release")), "2026-01-01T00:00:00Z"}};
  }
  BuildRecord record() const {
    BuildRequest request;
    request.spec = &spec;
    request.variant = &spec.variants[0];
    request.image = &image;
    return build_record(request, true);
  }
  Spec spec;
  LockedImage image;
};

TEST(BuildRecord, ComesBackFromItsAnnotation) {
  const BuildRecord record = Example().record();
  const BuildRecord again = parse_build_record(to_annotation(record));
  EXPECT_EQ(again.spec_json, record.spec_json);
  EXPECT_EQ(to_json(parse_lock(again.lock_json, "a")), record.lock_json);
}

TEST(BuildRecord, HasWhatTheImageHasAndNothingOfHowItWasLocked) {
  const BuildRecord record = Example().record();
  EXPECT_THAT(record.lock_json, HasSubstr("numpy-1.0-py3-none-any.whl"));
  EXPECT_THAT(record.lock_json, Not(HasSubstr("pytest")));
  Example other;
  other.image.wheels[0].required_by = {"pandas"};
  other.image.releases[0].date = "2026-02-01T00:00:00Z";
  other.image.spec_part = "{}";
  EXPECT_EQ(to_annotation(other.record()), to_annotation(record));
}

TEST(BuildRecord, KeepsWhatMaintainerScriptsOfADistrolessBaseRunOn) {
  Example example;
  LockedDeb shell{"dash", "1.0", "amd64", "bookworm", "pool/dash.deb", BlobDigest(sha256("dash")), 10, "wanted"};
  example.image.system_build = {shell};
  example.image.system_runtime = {shell};
  example.image.system_runtime[0].name = "odd";
  const auto has_shell = [&] { return parse_lock(example.record().lock_json, "a").images[0].system_build.size() == 1; };
  SystemPackages& system = example.spec.variants[0].system;
  example.image.base_flavor = "distroless";
  EXPECT_FALSE(has_shell());
  system.run_scripts = {{"odd", {}}};
  EXPECT_TRUE(has_shell());
  system.run_scripts.clear();
  system.run_all_scripts = Location{};
  EXPECT_TRUE(has_shell());
  example.image.base_flavor = "slim";
  EXPECT_FALSE(has_shell());
}

TEST(BuildRecord, SaysWhetherThereIsBytecode) {
  Example example;
  BuildRequest request;
  request.spec = &example.spec;
  request.variant = &example.spec.variants[0];
  request.image = &example.image;
  EXPECT_THAT(build_record(request, true).spec_json, HasSubstr(R"("bytecode":true)"));
  EXPECT_THAT(build_record(request, false).spec_json, HasSubstr(R"("bytecode":false)"));
}

TEST(BuildRecord, RefusesWhatIsNone) {
  const auto packed = [](std::string_view text) { return base64(as_text(Deflater(6).gzip_member(as_bytes(text)))); };
  for (const std::string& text :
       {std::string(), std::string("???"), std::string("AAAA"), packed(""), packed("[]"), packed("{}"),
        packed(R"({"version":2,"spec":{},"lock":{},"app":false})"), packed(std::string(100, '['))}) {
    EXPECT_THROW(parse_build_record(text), Error) << text;
  }
}

TEST(BuildRecord, DoesNotGrowWithoutEnd) {
  const std::string bomb = base64(as_text(Deflater(6).gzip_member(as_bytes(std::string(20U << 20U, ' ')))));
  EXPECT_LT(bomb.size(), 60'000U);
  EXPECT_THROW(parse_build_record(bomb), Error);
}

}  // namespace
}  // namespace mlbuild
