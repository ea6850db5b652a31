#include "../../src/lock/uv_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

python::Requirement requirement(const std::string& text, unsigned line) {
  Diagnostics diagnostics;
  return python::parse_requirement(text, {"spec.yaml", line, 7, 5}, diagnostics).value();
}

class UvFailure : public ::testing::Test {
 protected:
  Error explain(const std::string& messages) const {
    UvQuestion question;
    for (const python::Requirement& one : written) question.requirements.push_back(&one);
    question.target = "cp311 linux/amd64";
    question.index = "https://index.example/simple";
    question.indexes = {"https://index.example/simple-gpu", "https://own.example/simple"};
    question.missing = missing;
    question.found_routes = found_routes;
    question.cutoff = {"spec.yaml", 2, 1, 1};
    return explain_uv_failure(messages, question);
  }
  UvQuestion::Missing missing;
  std::vector<FoundRoute> found_routes;
  const std::vector<python::Requirement> written = {requirement("pandas==2.2.1", 5),    requirement("numpy==1.20.0", 6),
                                                    requirement("hydra-core", 7),       requirement("py", 8),
                                                    requirement("tensorflow-macos", 9), requirement("tomli==99.0", 10)};
};

// The texts are those of uv 0.13.8.
TEST_F(UvFailure, ConflictPointsAtWhatTheUserRequires) {
  const Error error = explain(
      "error: No solution found when resolving dependencies\n"
      "  cause: Because pandas==2.2.1 depends on numpy>=1.23.2,<2 and you require pandas==2.2.1, we can conclude that "
      "you require numpy>=1.23.2,<2.\n"
      "         And because you require numpy==1.20.0, we can conclude that your requirements are unsatisfiable.\n");
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_EQ(error.location().line, 5U);
  EXPECT_THAT(error.context().front(), HasSubstr("And because you require numpy==1.20.0"));
}

TEST_F(UvFailure, MissingWheelNamesTheProjectAndThePolicy) {
  const Error error = explain(
      "error: No solution found when resolving dependencies\n"
      "  cause: Because antlr4-python3-runtime==4.9.3 has no usable wheels and hydra-core==1.3.2 depends on "
      "antlr4-python3-runtime==4.9.* and you "
      "require hydra-core==1.3.2, we can conclude that your requirements are unsatisfiable.\n\n"
      "hint: Wheels are required for `antlr4-python3-runtime` because building from source is disabled for all "
      "packages (i.e., with `--no-build`)\n");
  EXPECT_EQ(error.message(), "`antlr4-python3-runtime==4.9.3` has no wheel for cp311 linux/amd64");
  EXPECT_EQ(error.location().line, 7U);
  EXPECT_THAT(error.hint_text(), HasSubstr("sdists: [antlr4-python3-runtime]"));
}

TEST_F(UvFailure, NamesAreMatchedAsWholeWords) {
  EXPECT_EQ(explain("error: No solution found\n  cause: Because pytest was not found in the package registry and you "
                    "require hydra-core")
                .location()
                .line,
            7U);
  EXPECT_EQ(explain("error: No solution found\n  cause: Because there is no version of py==9 and you require py==9.")
                .location()
                .line,
            8U);
}

TEST_F(UvFailure, UnknownProjectSaysSo) {
  const Error error = explain(
      "error: No solution found\n  cause: Because hydra-core was not found in the package registry and you require "
      "hydra-core, we");
  EXPECT_THAT(error.message(), HasSubstr("`hydra-core` is not on the index"));
}

TEST_F(UvFailure, AProjectWithoutAnyFittingWheelIsNamed) {
  const Error error = explain(
      "error: No solution found when resolving dependencies\n"
      "  cause: Because only the following versions of tensorflow-macos are available:\n"
      "             tensorflow-macos<=2.11.0\n             tensorflow-macos>=2.12.0\n"
      "         and tensorflow-macos<=2.11.0 has no wheels with a matching Python ABI tag (e.g., `cp311`), we can "
      "conclude that tensorflow-macos<2.12.0 cannot be used.\n"
      "         And because tensorflow-macos>=2.12.0 has no wheels with a matching platform tag (e.g., "
      "`manylinux_2_36_x86_64`) and you require tensorflow-macos, we can conclude that your requirements are "
      "unsatisfiable.\n");
  EXPECT_EQ(error.message(), "`tensorflow-macos` has no wheel for cp311 linux/amd64");
  EXPECT_EQ(error.location().line, 9U);
}

TEST_F(UvFailure, AVersionThatDoesNotExistIsCalledThat) {
  const Error error = explain(
      "error: No solution found when resolving dependencies\n  cause: Because there is no version of tomli==99.0 and "
      "you require tomli==99.0, we can conclude that your requirements are unsatisfiable.\n");
  EXPECT_EQ(error.message(), "the index has no version that `tomli==99.0` allows");
  EXPECT_EQ(error.location().line, 10U);
  EXPECT_THAT(error.hint_text(), HasSubstr("python.exclude-newer"));
}

TEST_F(UvFailure, AMissingVersionThatSomethingElseNeedsIsAConflict) {
  const Error error = explain(
      "error: No solution found when resolving dependencies\n  cause: Because there is no version of toydep>=9 and "
      "tomli==99.0 depends on toydep>=9 and you require tomli==99.0, we can conclude that your requirements are "
      "unsatisfiable.\n");
  EXPECT_THAT(error.message(), HasSubstr("`tomli==99.0` does not fit with the other requirements"));
}

TEST_F(UvFailure, MissingUploadTimesGetTheirOwnHint) {
  const Error error = explain(
      "warning: `numpy-1.whl` is missing an upload date, but user provided: 2024-06-02T00:00:00Z\nerror: No solution "
      "found\n  cause: Because there are "
      "no versions of numpy and you require numpy==1.20.0\n\nhint: `numpy` was filtered by `exclude-newer`");
  EXPECT_EQ(error.location().line, 2U);
  EXPECT_THAT(error.message(), HasSubstr("does not tell when files were uploaded"));
}

TEST_F(UvFailure, UnreachableIndexIsANetworkError) {
  const Error error = explain(
      "error: Request failed after 3 retries in 8.4s\n  cause: Failed to fetch: http://127.0.0.1:1/x/toy/\n  cause: "
      "Connection refused (os error 111)");
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("https://index.example/simple"));
}

TEST_F(UvFailure, TheIndexThatTheResolverNamesIsToBlame) {
  const auto blamed = [&](const std::string& url) {
    return explain("error: Failed to fetch: " + url +
                   "/py/\n  cause: HTTP status server error (500 Internal Server Error) for url (" + url + "/py/)\n")
        .message();
  };
  EXPECT_EQ(blamed("https://own.example/simple"), "the Python index https://own.example/simple could not be read");
  EXPECT_EQ(blamed("https://index.example/simple-gpu"),
            "the Python index https://index.example/simple-gpu could not be read");
  EXPECT_EQ(blamed("https://index.example/simple"), "the Python index https://index.example/simple could not be read");
  EXPECT_EQ(blamed("https://user:****@own.example/simple"),
            "the Python index https://own.example/simple could not be read");
}

TEST_F(UvFailure, AnIndexThatRefusesAccessIsNotOneWithoutTheProject) {
  const std::string begin =
      "error: No solution found when resolving dependencies\n  cause: Because py was not found in the package registry "
      "and you require py, we can conclude that your requirements are unsatisfiable.\n\n";
  for (const std::string hint :
       {"hint: An index URL (https://index.example/simple) could not be queried due to a lack of valid authentication "
        "credentials (401 Unauthorized)\n",
        "hint: An index (https://index.example/simple) returned a 403 Forbidden error. Check that the index URL is "
        "correct "
        "and the credentials are valid.\n"}) {
    const Error error = explain(begin + hint);
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    EXPECT_EQ(error.message(), "the Python index https://index.example/simple refused access");
    EXPECT_THAT(error.hint_text(), HasSubstr("~/.netrc"));
  }
}

TEST_F(UvFailure, NumbersInNamesAreNoRefusal) {
  const Error error = explain("error: Failed to fetch: https://own.example/simple/py401/\n  cause: dns error\n");
  EXPECT_EQ(error.message(), "the Python index https://own.example/simple could not be read");
}

TEST_F(UvFailure, AProjectThatItsOwnIndexLacksIsNamedWithThatIndex) {
  missing = {"toycore", "https://own.example/simple"};
  const Error error = explain(
      "error: No solution found\n  cause: Because toycore was not found in the package registry and py depends on "
      "toycore>=1, we can conclude that py cannot be used.\n");
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_EQ(error.message(),
            "`toycore` is not on https://own.example/simple, the only index that the spec has it from");
  EXPECT_EQ(error.location().line, 8U);
  EXPECT_THAT(error.hint_text(), HasSubstr("python.indexes"));
}

TEST_F(UvFailure, ARouteThatACandidateAskedForIsPartOfTheWayOut) {
  found_routes = {{"toycore", "py==2.1+cpu"}};
  const std::string needed = "`toycore`, which `py==2.1+cpu` needs and the spec does not ask for, write `py<2.1`";
  EXPECT_THAT(explain("error: No solution found\n  cause: Because all versions of toycore depend on numpy<1 and "
                      "mlbuild-routes depends on toycore, your requirements are unsatisfiable.\n")
                  .hint_text(),
              HasSubstr(needed));
  EXPECT_THAT(explain("error: No solution found\n  cause: Because toycore==1.0 has no usable wheels, unsatisfiable.\n")
                  .hint_text(),
              HasSubstr(needed));
  EXPECT_THAT(explain("error: No solution found\n  cause: Because py depends on toycore2 and numpy, unsatisfiable.\n")
                  .hint_text(),
              Not(HasSubstr("toycore")));
  missing = {"toycore", "https://own.example/simple"};
  EXPECT_THAT(explain("error: No solution found\n  cause: Because toycore was not found in the package registry.\n")
                  .hint_text(),
              HasSubstr(needed));
}

TEST_F(UvFailure, UnknownWordsArePassedOn) {
  const Error error = explain("Resolved 1 package in 2ms\nerror: something \x1b[31mnew\n");
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_EQ(error.context().front(), "error: something \\x1b[31mnew");
}

}  // namespace
}  // namespace mlbuild::test
