#include "../../src/lock/python_resolver.hpp"

#include "fake_resolver.hpp"
#include "lock_samples.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace mlbuild::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// No test here may open a connection: sizes are in the answers, and nothing is built from source.
class NoNetwork final : public HttpClient {
 public:
  HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>& start) override {
    if (!statuses.contains(request.url)) throw Error(ErrorKind::Network, "unexpected request for " + request.url);
    HttpResponse response;
    response.status = statuses.at(request.url);
    response.final_url = request.url;
    start(response);
    return response;
  }
  std::map<std::string, int> statuses;
};

std::string locked(const std::string& name, const std::string& version) {
  std::string filename = name;
  std::replace(filename.begin(), filename.end(), '-', '_');
  filename += "-" + version + "-py3-none-any.whl";
  return "[[packages]]\nname = \"" + name + "\"\nversion = \"" + version +
         "\"\nwheels = [{ url = \"https://user:secret@files.example/" + filename +
         "\", size = 10, hashes = { sha256 = \"" + digest_of(filename).hex() + "\" } }]\n";
}

std::string pylock(const std::string& packages) {
  return "lock-version = \"1.0\"\n" + (packages.empty() ? "packages = []\n" : packages);
}

std::vector<std::string> names(const std::vector<LockedFile>& files) {
  std::vector<std::string> result;
  for (const LockedFile& file : files) result.push_back(file.name + " " + file.version);
  return result;
}

class PythonResolverTest : public ::testing::Test {
 protected:
  PythonResolverTest() {
    site.default_index = PythonIndex{"default", "https://user:secret@index.example/simple"};
    image.platform = {"linux", "amd64", ""};
    image.interpreter.full_version = "3.11.2";
  }

  void require(std::vector<python::Requirement>& group, const std::string& text) {
    Diagnostics diagnostics;
    group.push_back(python::parse_requirement(text, {"spec.yaml", ++line, 5, 3}, diagnostics).value());
  }

  void resolve(const Pins& preferences = {}, const std::map<std::string, Pins>& build_preferences = {}) {
    const ResolveContext context{http, store, resolver, site, cancellation, 1, [](const std::string&) {}};
    Uv uv(context, temporary.path(), temporary.path());
    KnownSizes sizes;
    PythonResolver(context, variant, image, uv, sizes).resolve(preferences, build_preferences);
  }

  TempDir temporary;
  DiskStore store{temporary.path() / "store"};
  NoNetwork http;
  FakeResolver resolver;
  SiteConfig site;
  Cancellation cancellation;
  SpecVariant variant;
  LockedImage image;
  unsigned line = 0;
};

TEST_F(PythonResolverTest, DevelopmentAgreesWithRuntimeAndStaysOut) {
  require(variant.runtime.requirements, "toy");
  require(variant.dev.requirements, "pytest");
  resolver.pylocks["toy\npytest\n"] = pylock(locked("toy", "1.0") + locked("toydep", "2.0") + locked("pytest", "8.0"));
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0") + locked("toydep", "2.0"));
  resolver.edges["toy\n"] = "toy==1.0  # via -r requirements.in\ntoydep==2.0  # via toy\n";
  resolve();
  EXPECT_THAT(names(image.wheels), ElementsAre("toy 1.0", "toydep 2.0"));
  EXPECT_THAT(names(image.dev), ElementsAre("pytest 8.0"));
  EXPECT_THAT(image.wheels[1].required_by, ElementsAre("toy"));
  EXPECT_EQ(resolver.questions[2].files["constraints.txt"], "pytest==8.0\ntoy==1.0\ntoydep==2.0\n");
}

TEST_F(PythonResolverTest, TheLockNamesNoHostAndNoSecret) {
  require(variant.runtime.requirements, "toy");
  variant.indexes = {{{"https://other:hidden@private.example/simple", {}}, {"toy"}}};
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0"));
  resolver.edges["toy\n"] = "toy==1.0  # via -r requirements.in\n";
  resolve();
  EXPECT_EQ(image.wheels[0].index, "index-1");
  const std::string text = to_json(Lock{{}, {image}});
  EXPECT_THAT(text, AllOf(Not(HasSubstr("://")), Not(HasSubstr("example")), Not(HasSubstr("secret")),
                          Not(HasSubstr(temporary.path()))));
}

TEST_F(PythonResolverTest, SecretsReachTheResolverByEnvironmentAndFileOnly) {
  require(variant.runtime.requirements, "toy");
  variant.indexes = {{{"https://other:hidden@private.example/simple", {}}, {"toy"}}};
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0"));
  resolver.edges["toy\n"] = "toy==1.0  # via -r requirements.in\n";
  resolve();
  for (const FakeResolver::Question& question : resolver.questions) {
    for (const std::string& argument : question.argv)
      EXPECT_THAT(argument, AllOf(Not(HasSubstr("secret")), Not(HasSubstr("hidden"))));
    EXPECT_EQ(question.env.at("UV_DEFAULT_INDEX"), site.default_index->url);
    EXPECT_TRUE(question.network);
  }
}

TEST_F(PythonResolverTest, RoutesOfTransitiveProjectsAreFoundOutWithoutTheDefaultIndex) {
  require(variant.runtime.requirements, "toy");
  variant.indexes = {{{"https://private.example/simple", {}}, {"toydep", "toy-deep", "unused"}}};
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0") + locked("toydep", "2.0") + locked("toy-deep", "3.0"));
  resolver.edges["toy\n"] = "toy==1.0  # via -r requirements.in\ntoydep==2.0  # via toy\ntoy-deep==3.0  # via toydep\n";
  resolve();
  EXPECT_FALSE(resolver.questions[0].files.contains("pyproject.toml"));
  EXPECT_THAT(resolver.questions[0].files["constraints.txt"],
              AllOf(HasSubstr("toydep @ file:///"), HasSubstr("/toy_deep-0-py3-none-any.whl"), HasSubstr("unused @ ")));
  ASSERT_EQ(resolver.questions.size(), 4U);  // the last is for the edges
  EXPECT_THAT(resolver.questions[2].files["pyproject.toml"],
              AllOf(HasSubstr("\"toydep\" = { index"), HasSubstr("\"toy-deep\" = { index"), Not(HasSubstr("unused"))));
  EXPECT_THAT(resolver.questions[3].files["constraints.txt"], HasSubstr("unused @ file:///"));
  EXPECT_THAT(names(image.wheels), ElementsAre("toy 1.0", "toy-deep 3.0", "toydep 2.0"));
  EXPECT_EQ(image.wheels[0].index, "default");
  EXPECT_EQ(image.wheels[1].index, "index-1");
}

TEST_F(PythonResolverTest, RoutesThatDevelopmentFoundAreNotFoundOutAgain) {
  require(variant.runtime.requirements, "toy");
  require(variant.dev.requirements, "pytest");
  variant.indexes = {{{"https://private.example/simple", {}}, {"toydep", "plugin"}}};
  const std::string runtime = locked("toy", "1.0") + locked("toydep", "2.0") + locked("plugin", "3.0");
  resolver.pylocks["toy\npytest\n"] = pylock(runtime + locked("pytest", "8.0"));
  resolver.pylocks["toy\n"] = pylock(runtime);  // with what its route asks for
  resolver.edges["toy\n"] = "toy==1.0  # via -r requirements.in\ntoydep==2.0  # via toy\n";
  resolver.edges["toy\npytest\n"] =
      resolver.edges["toy\n"] + "pytest==8.0  # via -r requirements.in\nplugin==3.0  # via pytest\n";
  resolve();
  EXPECT_EQ(resolver.questions.size(), 6U);  // three and the edges, then one and the edges
  EXPECT_THAT(names(image.wheels), ElementsAre("toy 1.0", "toydep 2.0"));
  EXPECT_THAT(names(image.dev), ElementsAre("plugin 3.0", "pytest 8.0"));
}

TEST_F(PythonResolverTest, AProjectThatIsCalledSpecIsNoRequirementOfTheSpec) {
  require(variant.runtime.requirements, "spec");
  variant.indexes = {{{"https://private.example/simple", {}}, {"spec"}}};
  resolver.pylocks["spec\n"] = pylock(locked("spec", "1.0") + locked("below", "2.0"));
  resolver.edges["spec\n"] = "spec==1.0  # via -r requirements.in\nbelow==2.0  # via spec\n";
  resolve();
  EXPECT_THAT(names(image.wheels), ElementsAre("below 2.0", "spec 1.0"));
  EXPECT_THAT(image.wheels[0].required_by, ElementsAre("project:spec"));
}

TEST_F(PythonResolverTest, WhatOnlyARouteAskedForIsLeftOut) {
  require(variant.runtime.requirements, "toy");
  variant.indexes = {{{"https://private.example/simple", {}}, {"toydep"}}};
  resolver.pylocks["toy\n"] =
      pylock(locked("toy", "1.0") + locked("toydep", "2.0") + locked("below", "3.0") + locked("shared", "4.0"));
  resolver.edges["toy\n"] =
      "toy==1.0  # via -r requirements.in\ntoydep==2.0  # via mlbuild-routes (pyproject.toml)\n"
      "below==3.0  # via toydep\nshared==4.0  # via toy, toydep\n";
  resolve();
  EXPECT_THAT(names(image.wheels), ElementsAre("shared 4.0", "toy 1.0"));
  EXPECT_THAT(image.wheels[0].required_by, ElementsAre("toy"));
}

TEST_F(PythonResolverTest, ARequirementForOtherPythonsIsNone) {
  const std::string other(64, '0');
  const std::string own = digest_of("toy-1.0-py3-none-any.whl").hex();
  require(variant.runtime.requirements, "toy==0.9 ; python_version < '3.9' --hash=sha256:" + other);
  require(variant.runtime.requirements, "toy==1.0 ; python_version >= '3.9' --hash=sha256:" + own);
  require(variant.runtime.constraints, "toy==1.0 ; platform_machine == 'aarch64' --hash=sha256:" + other);
  resolver.pylocks["toy==1.0 ; python_version >= '3.9'\n"] = pylock(locked("toy", "1.0"));
  resolve();
  EXPECT_THAT(names(image.wheels), ElementsAre("toy 1.0"));
}

TEST_F(PythonResolverTest, ARequirementForOtherPlatformsIsNotRouted) {
  image.platform = {"linux", "arm64", ""};
  require(variant.runtime.requirements, "toy");
  require(variant.runtime.requirements, "gpuonly==1.0 ; platform_machine == 'x86_64'");
  variant.indexes = {{{"https://private.example/simple", {}}, {"gpuonly"}}};
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0"));
  resolve();
  EXPECT_FALSE(resolver.questions[0].files.contains("pyproject.toml"));
  EXPECT_THAT(names(image.wheels), ElementsAre("toy 1.0"));
}

TEST_F(PythonResolverTest, AMarkerOfTimesToComeIsTheResolversBusiness) {
  const std::string text = "toy ; 'gpu' in dependency_groups";
  require(variant.runtime.requirements, text);
  resolver.pylocks[text + "\n"] = pylock("");
  resolve();
  EXPECT_TRUE(image.wheels.empty());
}

TEST_F(PythonResolverTest, FailureNamesTheRequirementAndHidesTheSecret) {
  require(variant.runtime.requirements, "toy");
  require(variant.runtime.requirements, "other");
  resolver.failure =
      "error: No solution found\n  cause: Because https://user:secret@index.example and you require other==1, we\n";
  try {
    resolve();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.location(), variant.runtime.requirements[1].location);
    for (const std::string& context : error.context()) EXPECT_THAT(context, Not(HasSubstr("secret")));
  }
}

TEST_F(PythonResolverTest, AProjectThatItsIndexDoesNotShowIsAskedForThere) {
  require(variant.runtime.requirements, "toy");
  variant.indexes = {{{"https://private.example/simple", {}}, {"toy", "toydep"}}};
  resolver.failure =
      "error: No solution found when resolving dependencies\n  cause: Because toy was not found in the package "
      "registry "
      "and mlbuild-routes depends on toy, we can conclude that your requirements are unsatisfiable.\n";
  const auto refusal = [&](int status) {
    http.statuses["https://private.example/simple/toy/"] = status;
    try {
      resolve();
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::Internal, "was resolved");
  };
  for (const int status : {401, 403, 503}) {
    const Error error = refusal(status);
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    EXPECT_THAT(error.message(),
                AllOf(HasSubstr("https://private.example/simple/toy/"), HasSubstr(std::to_string(status))));
  }
  const Error unknown = refusal(404);
  EXPECT_EQ(unknown.kind(), ErrorKind::Step);
  EXPECT_THAT(unknown.message(), HasSubstr("`toy` is not on https://private.example/simple"));
  EXPECT_EQ(unknown.location(), variant.runtime.requirements[0].location);
}

/// A route is a demand: the older candidate that does without the project is no way out of the resolver's own.
TEST_F(PythonResolverTest, AConflictOfAProjectThatOnlyACandidateNeedsNamesTheCandidate) {
  require(variant.runtime.requirements, "other");
  require(variant.runtime.requirements, "numpy>=2");
  variant.indexes = {{{"https://private.example/simple", {}}, {"toydep"}}};
  resolver.pylocks["other\nnumpy>=2\n"] = pylock(locked("other", "2.0") + locked("toydep", "1.0"));
  resolver.failure_with_routes =
      "error: No solution found when resolving dependencies\n  cause: Because all versions of toydep depend on numpy<2 "
      "and mlbuild-routes depends on numpy>=2, we can conclude that your requirements and all versions of toydep are "
      "incompatible.\n         And because mlbuild-routes depends on toydep, we can conclude that your requirements "
      "are "
      "unsatisfiable.\n";
  try {
    resolve();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Step);
    EXPECT_THAT(error.hint_text(), AllOf(HasSubstr("`toydep`"), HasSubstr("`other==2.0`"), HasSubstr("`other<2.0`")));
  }
}

TEST_F(PythonResolverTest, UrlsAreRefusedWithTheirPlace) {
  require(variant.runtime.requirements, "toy @ https://example.com/toy-1-py3-none-any.whl");
  try {
    resolve();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("not yet supported"));
    EXPECT_EQ(error.location(), variant.runtime.requirements[0].location);
  }
}

TEST_F(PythonResolverTest, PinsToKeepAreGivenAsTheOldAnswer) {
  require(variant.runtime.requirements, "toy");
  resolver.pylocks["toy\n"] = pylock(locked("toy", "1.0"));
  resolve({{"toy", "1.0"}});
  EXPECT_THAT(resolver.questions[0].files["pylock.answer.toml"], HasSubstr("name = \"toy\"\nversion = \"1.0\""));
}

TEST_F(PythonResolverTest, PinsOfWhatASourceDistributionNeedsAreKeptToo) {
  const std::unique_ptr<BlobWriter> archive = store.begin();
  archive->write(Deflater(6).gzip_member(tar_end_of_archive()));  // without pyproject.toml setuptools builds
  require(variant.runtime.requirements, "odd");
  variant.sdists = SdistPolicy::Listed;
  variant.sdist_names = {"odd"};
  resolver.pylocks["odd\n"] = pylock(
      "[[packages]]\nname = \"odd\"\nversion = \"0.1\"\nsdist = { url = \"https://files.example/odd-0.1.tar.gz\", size "
      "= 30, hashes = { sha256 = \"" +
      archive->commit().hex() + "\" } }\n");
  resolver.pylocks["setuptools>=40.8.0\nwheel\n"] = pylock(locked("setuptools", "70.0.0") + locked("wheel", "0.43.0"));
  resolve({}, {{"odd", {{"setuptools", "70.0.0"}}}, {"other", {{"setuptools", "66.6"}}}});
  ASSERT_EQ(resolver.questions.size(), 4U);
  EXPECT_THAT(resolver.questions[2].files["pylock.answer.toml"],
              AllOf(HasSubstr("name = \"setuptools\"\nversion = \"70.0.0\""), Not(HasSubstr("66.6"))));
  EXPECT_THAT(names(image.sdists[0].build_requirements), ElementsAre("setuptools 70.0.0", "wheel 0.43.0"));
}

TEST_F(PythonResolverTest, NothingRequiredNothingAsked) {
  resolve();
  EXPECT_TRUE(resolver.questions.empty());
  EXPECT_TRUE(image.wheels.empty());
}

}  // namespace
}  // namespace mlbuild::test
