// Locks a small spec with real package registries, the real resolver and the real sandbox.

#include "support/http_server.hpp"
#include "support/wheel_builder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/lock/resolve.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace mlbuild::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

class ResolveLock : public ::testing::Test {
 protected:
  Spec spec(const std::string& rest) {
    const auto path = temporary.path() / "mlbuild.yaml";
    std::ofstream(path) << "version: 1\nname: demo\nbase: {debian: bookworm, python: \"3.11\", flavor: distroless}\n"
                        << rest;
    return read_spec(path);
  }

  Lock resolve(const Spec& wanted, const std::optional<Lock>& previous = std::nullopt, const Upgrade& upgrade = {}) {
    return resolve_lock(wanted, previous, upgrade,
                        {*http, store, *sandbox, site, cancellation, 2, [](const std::string&) {}});
  }

  Error refusal(const std::string& rest) {
    try {
      resolve(spec(rest));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "was resolved";
    return Error(ErrorKind::Internal, "none");
  }

  TempDir temporary;
  Cancellation cancellation;
  // Shared by the tests of this program, so that the resolver and its root are fetched once.
  static TempDir& shared() {
    static TempDir directory;
    return directory;
  }
  DiskStore store{shared().path()};
  std::unique_ptr<HttpClient> http = make_http_client(cancellation);
  std::unique_ptr<Sandbox> sandbox = make_namespace_sandbox("/proc/self/exe", store.root() / "tmp");
  SiteConfig site = read_site_config(variable);
};

TEST_F(ResolveLock, PinsEveryByteAndNamesNoHost) {
  const Spec wanted = spec(
      "requirements: {runtime: [tomli==2.0.1, requests], dev: [pytest]}\npython: {exclude-newer: 2024-06-01}\n"
      "system: {runtime: [libgomp1]}\nplatforms: [linux/amd64, linux/arm64]\n");
  const Lock lock = resolve(wanted);
  ASSERT_EQ(lock.images.size(), 2U);
  for (const LockedImage& image : lock.images) {
    EXPECT_THAT(image.wheels, Contains(AllOf(Field(&LockedFile::name, "tomli"), Field(&LockedFile::version, "2.0.1"))));
    EXPECT_THAT(image.wheels,
                Contains(AllOf(Field(&LockedFile::name, "requests"), Field(&LockedFile::version, "2.32.3"))));
    EXPECT_THAT(image.wheels, Not(Contains(Field(&LockedFile::name, "pytest"))));
    EXPECT_THAT(image.dev, Contains(Field(&LockedFile::name, "pytest")));
    EXPECT_THAT(image.system_runtime, Contains(Field(&LockedDeb::name, "libgomp1")));
    EXPECT_EQ(image.interpreter.full_version.substr(0, 4), "3.11");
  }
  EXPECT_THAT(to_json(lock),
              AllOf(Not(HasSubstr("://")), Not(HasSubstr(temporary.path())), Not(HasSubstr(store.root()))));
  EXPECT_EQ(to_json(resolve(wanted)), to_json(lock)) << "the same question has one answer";
  EXPECT_EQ(to_json(parse_lock(to_json(lock), "x")), to_json(lock));
  EXPECT_TRUE(explain_stale(lock, wanted).empty());
}

TEST_F(ResolveLock, KeepsPinsUntilAskedToMove) {
  Lock old = resolve(spec("requirements: {runtime: [idna==3.6]}\npython: {exclude-newer: 2024-06-01}\n"));
  const Spec loose = spec("requirements: {runtime: [idna]}\npython: {exclude-newer: 2024-06-01}\n");
  EXPECT_EQ(resolve(loose, old).images[0].wheels[0].version, "3.6");
  EXPECT_EQ(resolve(loose, old, Upgrade{false, {"idna"}}).images[0].wheels[0].version, "3.7");
}

TEST_F(ResolveLock, TakesAPrereleaseOnlyWhenItIsNamed) {
  const Lock named = resolve(spec("requirements: {runtime: [omegaconf==2.4.0.dev3]}\n"));
  EXPECT_EQ(named.images[0].wheels[0].version, "2.4.0.dev3");
  // Wheels of this one come only with a pre-release or without what hydra-core 1.3 needs.
  EXPECT_THAT(refusal("requirements: {runtime: [hydra-core>=1.3]}\n").hint_text(), HasSubstr("sdists"));
}

TEST_F(ResolveLock, PinsWhatASourceDistributionNeeds) {
  const Lock lock =
      resolve(spec("requirements: {runtime: [antlr4-python3-runtime==4.9.3]}\n"
                   "python: {exclude-newer: 2024-06-01, sdists: [antlr4-python3-runtime]}\n"));
  ASSERT_EQ(lock.images[0].sdists.size(), 1U);
  EXPECT_EQ(lock.images[0].sdists[0].sdist.filename, "antlr4-python3-runtime-4.9.3.tar.gz");
  EXPECT_THAT(lock.images[0].sdists[0].build_requirements, Contains(Field(&LockedFile::name, "setuptools")));
}

std::string text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// An index on loopback.
class OwnIndex {
 public:
  void add(const std::string& project, const std::string& version, const std::string& more_metadata = "") {
    WheelBuilder wheel = WheelBuilder::named(project, version);
    wheel.metadata += more_metadata;
    const std::string file = "/files/" + wheel.filename();
    server.answer(file, {200, {}, text_of(wheel.build())});
    pages_[project] += "<a href=\"" + file + "\">" + wheel.filename() + "</a>\n";
    server.answer("/simple/" + project + "/", {200, {{"Content-Type", "text/html"}}, pages_[project]});
  }
  std::string spec(const std::string& packages) const {
    return "python: {indexes: [{url: \"" + server.url("/simple") + "\", packages: [" + packages + "]}]}\n";
  }

  HttpServer server;

 private:
  std::map<std::string, std::string> pages_;
};

// No other index knows these names, and had one been asked, its "not found" would make lib 1.0 the answer.
TEST_F(ResolveLock, ARoutedProjectThatOnlyAnotherOneNeedsComesFromItsIndex) {
  OwnIndex own;
  own.add("mlbuildtestlib", "1.0");
  own.add("mlbuildtestlib", "2.0", "Requires-Dist: mlbuildtestcore>=1\n");
  own.add("mlbuildtestcore", "1.5", "Requires-Dist: mlbuildtestdeep\nRequires-Dist: odd; sys_platform == 'win32'\n");
  own.add("mlbuildtestdeep", "0.1");
  own.add("odd", "1.0");
  const Lock lock = resolve(spec("requirements: {runtime: [mlbuildtestlib]}\n" +
                                 own.spec("mlbuildtestlib, mlbuildtestcore, mlbuildtestdeep, odd")));
  std::vector<std::string> wheels;
  for (const LockedFile& wheel : lock.images.at(0).wheels) wheels.push_back(wheel.filename + " of " + wheel.index);
  EXPECT_THAT(wheels, ElementsAre("mlbuildtestcore-1.5-py3-none-any.whl of index-1",
                                  "mlbuildtestdeep-0.1-py3-none-any.whl of index-1",
                                  "mlbuildtestlib-2.0-py3-none-any.whl of index-1"));
  EXPECT_THAT(lock.images.at(0).wheels.at(0).required_by, ElementsAre("mlbuildtestlib"));
}

TEST_F(ResolveLock, MistakesPointAtTheirLine) {
  const std::string begin = "python: {exclude-newer: 2024-06-01}\nrequirements:\n  runtime:\n";
  const Error conflict = refusal(begin + "    - pandas==2.2.1\n    - numpy==1.20.0\n");
  EXPECT_EQ(conflict.kind(), ErrorKind::Step);
  EXPECT_EQ(conflict.location().line, 7U);
  const Error sdist_only = refusal(begin + "    - antlr4-python3-runtime==4.9.3\n");
  EXPECT_THAT(sdist_only.hint_text(), HasSubstr("sdists"));
  const Error hash = refusal(begin + "    - tomli==2.0.1 --hash=sha256:" + std::string(64, '0') + "\n");
  EXPECT_EQ(hash.kind(), ErrorKind::Spec);
  EXPECT_EQ(hash.location().line, 7U);
  const Error package = refusal("system: {runtime: [libgomp11]}\n");
  EXPECT_EQ(package.kind(), ErrorKind::Spec);
  EXPECT_EQ(package.location().line, 4U);
}

}  // namespace
}  // namespace mlbuild::test

// The sandbox starts this program again as its helper.
int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "__sandbox") return mlbuild::sandbox_helper_main();
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
