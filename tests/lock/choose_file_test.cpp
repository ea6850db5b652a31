#include "../../src/lock/choose_file.hpp"

#include "lock_samples.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/python/tags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;

PylockFile file(const std::string& filename) {
  return {filename, "https://example.com/" + filename, digest_of(filename), 1};
}

PylockPackage package(const std::vector<std::string>& wheels, bool with_sdist = false) {
  PylockPackage result{"toy", "1.0", {}, {}};
  for (const std::string& wheel : wheels) result.wheels.push_back(file(wheel));
  if (with_sdist) result.sdist = file("toy-1.0.tar.gz");
  return result;
}

FileRules rules() { return {python::compatible_tags({}), "cp311 linux/amd64", false, {}}; }

python::Requirement with_hash(const std::string& hashed_text) {
  python::Requirement requirement;
  requirement.name = "toy";
  requirement.text = "toy==1.0";
  requirement.location = {"spec.yaml", 4, 1, 8};
  requirement.hashes = {digest_of(hashed_text)};
  return requirement;
}

Error refusal(const PylockPackage& toy, const FileRules& given) {
  try {
    choose_file(toy, given);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "was accepted";
  return Error(ErrorKind::Internal, "none");
}

const std::string kPure = "toy-1.0-py3-none-any.whl";
const std::string kNative = "toy-1.0-cp311-cp311-manylinux_2_17_x86_64.whl";
const std::string kForeign = "toy-1.0-cp311-cp311-win_amd64.whl";

TEST(ChooseFile, TakesTheMostSpecificWheelInAnyOrder) {
  EXPECT_EQ(choose_file(package({kPure, kNative, kForeign}), rules()).file.filename, kNative);
  EXPECT_EQ(choose_file(package({kForeign, kNative, kPure}), rules()).file.filename, kNative);
}

TEST(ChooseFile, HigherBuildNumberWins) {
  EXPECT_EQ(
      choose_file(package({"toy-1.0-9-py3-none-any.whl", kPure, "toy-1.0-10-py3-none-any.whl"}), rules()).file.filename,
      "toy-1.0-10-py3-none-any.whl");
}

TEST(ChooseFile, SourcesOnlyWhenAllowedAndNoWheelFits) {
  FileRules allowed = rules();
  allowed.sdist_allowed = true;
  EXPECT_TRUE(choose_file(package({kForeign}, true), allowed).is_sdist);
  EXPECT_FALSE(choose_file(package({kPure}, true), allowed).is_sdist);
  const Error error = refusal(package({kForeign}, true), rules());
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_THAT(error.message(), HasSubstr("has no wheel for cp311 linux/amd64"));
  EXPECT_THAT(error.hint_text(), HasSubstr("sdists: [toy]"));
}

TEST(ChooseFile, HashesOfTheUserDecide) {
  const python::Requirement requirement = with_hash(kPure);
  FileRules hashed = rules();
  hashed.requirements = {&requirement};
  EXPECT_EQ(choose_file(package({kNative, kPure}), hashed).file.filename, kPure);
}

TEST(ChooseFile, WrongHashIsAnErrorAtTheRequirement) {
  const python::Requirement requirement = with_hash("something else");
  FileRules hashed = rules();
  hashed.requirements = {&requirement};
  const Error error = refusal(package({kPure}), hashed);
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_EQ(error.location(), requirement.location);
  EXPECT_THAT(error.context().front(), HasSubstr(digest_of(kPure).to_string()));
}

TEST(ChooseFile, WheelOfAnotherProjectIsForeign) {
  EXPECT_EQ(refusal(package({"evil-1.0-py3-none-any.whl"}), rules()).kind(), ErrorKind::Foreign);
}

}  // namespace
}  // namespace mlbuild::test
