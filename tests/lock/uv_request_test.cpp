#include "../../src/lock/uv_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

UvRequest request() {
  UvRequest result;
  result.requirements = {"toy==1.0", "torch"};
  result.python_full_version = "3.11.2";
  return result;
}

std::string joined(const UvRequest& asked) {
  std::string text;
  for (const std::string& argument : uv_arguments(asked)) text += argument + " ";
  return text;
}

TEST(UvRequest, TakesNoPrereleaseUnaskedAndNoStrayConfiguration) {
  EXPECT_THAT(joined(request()),
              AllOf(HasSubstr("--prerelease explicit"), HasSubstr("--no-config"), HasSubstr("--no-python-downloads"),
                    HasSubstr("--python-platform x86_64-manylinux_2_36"), HasSubstr("--python-version 3.11.2")));
}

TEST(UvRequest, SdistPolicyDecidesWhatMayBeBuilt) {
  UvRequest asked = request();
  EXPECT_THAT(joined(asked), AllOf(HasSubstr("--only-binary :all:"), Not(HasSubstr("--no-binary"))));
  asked.sdists = SdistPolicy::Listed;
  asked.sdist_names = {"odd"};
  EXPECT_THAT(joined(asked), HasSubstr("--only-binary :all: --no-binary odd"));
  asked.sdists = SdistPolicy::Allow;
  EXPECT_THAT(joined(asked), Not(HasSubstr("binary")));
}

TEST(UvRequest, IndexesAreExplicitAndNeverArguments) {
  UvRequest asked = request();
  asked.indexes = {{"index-1", "https://user:secret@example.com/simple"}};
  asked.routes = {{"torch", "index-1"}};
  const auto files = uv_input_files(asked);
  EXPECT_THAT(files.at("pyproject.toml"),
              AllOf(HasSubstr("explicit = true"), HasSubstr("\"torch\" = { index = \"index-1\" }")));
  EXPECT_THAT(joined(asked), AllOf(Not(HasSubstr("://")), Not(HasSubstr("secret")), HasSubstr("pyproject.toml")));
}

TEST(UvRequest, WritesNoRoutingWithoutRoutes) {
  UvRequest asked = request();
  asked.indexes = {{"index-1", "https://example.com/simple"}};
  EXPECT_FALSE(uv_input_files(asked).contains("pyproject.toml"));
}

TEST(UvRequest, AWithheldProjectIsWhereNothingIsAndItsNameComesBack) {
  UvRequest asked = request();
  asked.withheld = {{"my-core", "index-1"}};
  const std::string constraints = uv_input_files(asked).at("constraints.txt");
  EXPECT_THAT(constraints, AllOf(HasSubstr("my-core @ file:///"), HasSubstr("/my_core-0-py3-none-any.whl\n")));
  EXPECT_THAT(joined(asked), HasSubstr("-c constraints.txt"));
  EXPECT_EQ(withheld_project("  cause: Distribution not found at: " + constraints.substr(constraints.find("file:"))),
            "my-core");
  EXPECT_EQ(withheld_project("  cause: Distribution not found at: file:///elsewhere/my_core-0-py3-none-any.whl"), "");
}

TEST(UvRequest, PreferencesAreTheOldAnswer) {
  UvRequest asked = request();
  asked.preferences = {{"toy", "1.0"}};
  EXPECT_THAT(uv_input_files(asked).at(uv_output_file(asked)), HasSubstr("version = \"1.0\""));
  EXPECT_THAT(uv_arguments(asked), Contains(uv_output_file(asked)));
}

TEST(UvEdges, NameWhoNeedsWhom) {
  const auto edges = parse_uv_edges(
      "numpy==1.26.4             # via pandas, scikit-learn[all], -c constraints.txt\n"
      "pandas==2.2.2             # via -r requirements.in\n"
      "torch==2.3.1 ; sys_platform == 'linux'  # via toy, mlbuild-routes (pyproject.toml)\n"
      "Zope_x[extra]==1  # via -r requirements.in, toy\n"
      "below==1  # via Spec\n");
  EXPECT_THAT(edges.at("numpy"), ElementsAre("pandas", "scikit-learn"));
  EXPECT_THAT(edges.at("pandas"), ElementsAre("spec"));
  EXPECT_THAT(edges.at("torch"), ElementsAre("toy"));
  EXPECT_THAT(edges.at("zope-x"), ElementsAre("spec", "toy"));
  EXPECT_THAT(edges.at("below"), ElementsAre("project:spec"));
}

}  // namespace
}  // namespace mlbuild::test
