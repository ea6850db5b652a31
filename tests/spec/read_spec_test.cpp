#include "spec_text.hpp"

#include "mlbuild/spec/spec_edits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(ReadSpec, DefaultsAreASlimBookwormForAmd64) {
  const Spec spec = parse(kHead);
  EXPECT_EQ(spec.name, "demo");
  EXPECT_THAT(spec.platforms, ElementsAre(oci::Platform::parse("linux/amd64")));
  ASSERT_EQ(spec.variants.size(), 1U);
  const SpecVariant& variant = spec.variants[0];
  EXPECT_EQ(variant.base.suite.value, "bookworm");
  EXPECT_EQ(variant.base.python.value, "3.11");
  EXPECT_EQ(variant.base.flavor, BaseFlavor::Slim);
  EXPECT_EQ(variant.sdists, SdistPolicy::Deny);
  EXPECT_EQ(variant.max_layers, 64U);
}

TEST(ReadSpec, ReadsEveryKey) {
  FakeDirectory files;
  files.files = {{"requirements.txt", "numpy==1.26.4\n"}, {"constraints.txt", "scipy<2\n"}, {"run.py", ""}};
  files.directories = {"pipeline"};
  const Spec spec = parse(kHead + R"(image: registry.example/team/demo
platforms: [linux/amd64, linux/arm64]
base: {debian: bookworm, python: 3.11, flavor: distroless}
requirements: {runtime: requirements.txt, build: [cython], dev: ["pytest>=8"], constraints: constraints.txt}
python:
  indexes: [{url: "https://wheels.example/cpu", packages: [Torch, torch_vision]}]
  sdists: [antlr4_python3-runtime]
  exclude-newer: 2024-06-01
  bytecode: false
system: {runtime: [libgomp1], build: [gcc], scripts: {odd: ignore}}
app:
  - {from: pipeline/, to: /app/pipeline/}
  - {from: run.py, to: /app/}
config:
  workdir: /app/
  user: "1000:1000"
  env: {PYTHONUNBUFFERED: 1, EMPTY: ""}
  entrypoint: []
  cmd: [python, -m, demo]
  labels: {team: churn}
  ports: [8080, 9000/udp]
  stop-signal: SIGINT
layers: {compression: gzip, lazy: estargz, max: 100}
prune: {tests: false}
)",
                          files);
  const SpecVariant& variant = spec.variants[0];
  EXPECT_EQ(spec.image->value, "registry.example/team/demo");
  EXPECT_EQ(spec.platforms.size(), 2U);
  EXPECT_EQ(variant.base.flavor, BaseFlavor::Distroless);
  EXPECT_EQ(variant.runtime.requirements.at(0).text, "numpy==1.26.4");
  EXPECT_EQ(variant.runtime.constraints.at(0).text, "scipy<2");
  EXPECT_EQ(variant.build.requirements.at(0).name, "cython");
  EXPECT_EQ(variant.dev.requirements.at(0).specifier, ">=8");
  EXPECT_EQ(variant.indexes.at(0).url.value, "https://wheels.example/cpu");
  EXPECT_THAT(variant.indexes.at(0).packages, ElementsAre("torch", "torch-vision"));
  EXPECT_EQ(variant.sdists, SdistPolicy::Listed);
  EXPECT_THAT(variant.sdist_names, ElementsAre("antlr4-python3-runtime"));
  EXPECT_EQ(variant.exclude_newer->value, "2024-06-01");
  EXPECT_EQ(variant.system.runtime.at(0).value, "libgomp1");
  EXPECT_EQ(variant.system.build.at(0).value, "gcc");
  EXPECT_THAT(variant.system.ignore_scripts, ElementsAre("odd"));
  EXPECT_EQ(variant.app.at(0).to, "/app/pipeline/");
  EXPECT_EQ(variant.app.at(1).from.value, "run.py");
  EXPECT_EQ(variant.config.workdir, "/app");
  EXPECT_EQ(variant.config.user, "1000:1000");
  EXPECT_THAT(variant.config.env, ElementsAre(Pair("EMPTY", ""), Pair("PYTHONUNBUFFERED", "1")));
  EXPECT_THAT(variant.config.cmd, ElementsAre("python", "-m", "demo"));
  EXPECT_THAT(variant.config.labels, ElementsAre(Pair("team", "churn")));
  EXPECT_THAT(variant.config.exposed_ports, ElementsAre("8080/tcp", "9000/udp"));
  EXPECT_EQ(variant.config.stop_signal, "SIGINT");
  EXPECT_EQ(variant.max_layers, 100U);
  EXPECT_EQ(variant.lazy, oci::LazyFormat::Estargz);
}

TEST(ReadSpec, FiveMistakesAreFiveMessagesInOneRun) {
  const std::vector<Error> all = mistakes(
      "version: 1\nname: 7up!\nbsae: {debian: bookworm}\nplatforms: [linux/s390x]\nlayers: {max: 9999}\napp:\n  - "
      "{from: missing/, to: /app}\n");
  std::vector<unsigned> lines;
  for (const Error& error : all) lines.push_back(error.location().line);
  EXPECT_THAT(lines, ::testing::UnorderedElementsAre(2U, 3U, 4U, 5U, 7U));
}

TEST(ReadSpec, UnknownKeysGetTheNearestWord) {
  EXPECT_EQ(mistake(kHead + "requirments: {runtime: [a]}\n"), "3:1 unknown key `requirments`");
  EXPECT_EQ(hint_of(kHead + "requirments: {runtime: [a]}\n"), "did you mean `requirements`?");
  EXPECT_EQ(mistake(kHead + "config: {wrokdir: /app}\n"), "3:10 unknown key `wrokdir` in `config`");
  EXPECT_EQ(hint_of(kHead + "config: {wrokdir: /app}\n"), "did you mean `workdir`?");
}

TEST(ReadSpec, AKeyAtTheWrongPlaceIsSentHome) {
  EXPECT_EQ(hint_of(kHead + "entrypoint: [a]\n"), "did you mean `config.entrypoint`?");
}

TEST(ReadSpec, WrongTypesAreToldWithTheirPlace) {
  EXPECT_EQ(mistake(kHead + "config: /app\n"), "3:9 `config` cannot be a single value");
  EXPECT_EQ(mistake(kHead + "system: {runtime: gcc}\n"), "3:19 `system.runtime` cannot be a single value");
  EXPECT_EQ(mistake(kHead + "config: {workdir: [a]}\n"), "3:19 `config.workdir` cannot be a list");
  EXPECT_EQ(mistake(kHead + "layers: {max: many}\n"), "3:15 `layers.max` must be a number, not `many`");
  EXPECT_EQ(mistake(kHead + "python: {bytecode: nope}\n"), "3:20 `python.bytecode` cannot be `nope`");
  EXPECT_EQ(mistake("- a\n").substr(0, 28), "1:1 the spec cannot be a lis");
}

TEST(ReadSpec, ACommandInOneStringIsToldAsAList) {
  EXPECT_EQ(hint_of(kHead + "config: {cmd: python -m demo}\n"), "write a list: `cmd: [python, -m, demo]`");
}

TEST(ReadSpec, VersionAndNameAreRequired) {
  EXPECT_EQ(mistake("name: demo\n"), "0:0 the spec has no `version`");
  EXPECT_EQ(mistake("version: 1\n"), "0:0 the spec has no `name`");
  EXPECT_EQ(mistake("version: 2\nname: demo\n"), "1:10 `version` cannot be `2`");
  EXPECT_EQ(mistake(""), "0:0 the spec is empty");
  EXPECT_EQ(mistake("# nothing\n"), "0:0 the spec is empty");
}

TEST(ReadSpec, NamesAreRepositoryNames) {
  for (const std::string name : {"Demo", "a b", "-a", "a--b", "a/b", "\"\""}) {
    EXPECT_EQ(mistakes("version: 1\nname: " + name + "\n").size(), 1U) << name;
  }
  EXPECT_EQ(mistake("version: 1\nname: churn-train_2.0\n"), "");
}

TEST(ReadSpec, LibrariesAreCheckedWhenAskedFor) {
  using Mode = LibraryCheck::Mode;
  EXPECT_EQ(parse(kHead).variants[0].check.libraries.mode, Mode::Off);
  EXPECT_EQ(parse(kHead + "check: {libraries: error}\n").variants[0].check.libraries.mode, Mode::Error);
  EXPECT_EQ(parse(kHead + "check: {libraries: warn}\n").variants[0].check.libraries.mode, Mode::Warn);
  EXPECT_EQ(mistake(kHead + "check: {libraries: yes}\n"), "3:20 `check.libraries` cannot be `yes`");
}

TEST(ReadSpec, AGpuHasACudaVersionAndCapabilities) {
  const GpuSpec gpu = parse(kHead + "gpu: {cuda: \"12.1\", architectures: [\"8.0\", sm_90]}\n").variants[0].gpu;
  ASSERT_TRUE(gpu.cuda);
  EXPECT_EQ(gpu.cuda->value, "12.1");
  ASSERT_EQ(gpu.architectures.size(), 2U);
  EXPECT_EQ(gpu.architectures[0].value, "80");
  EXPECT_EQ(gpu.architectures[1].value, "90");
  EXPECT_THAT(mistake(kHead + "gpu: {architectures: [ampere]}\n"), HasSubstr("`ampere` is no compute capability"));
  EXPECT_THAT(mistake(kHead + "gpu: {cuda: newest}\n"), HasSubstr("gpu.cuda"));
}

TEST(ReadSpec, OnlyTheKnownSuiteAndPythonAreBases) {
  EXPECT_EQ(mistake(kHead + "base: {debian: trixie}\n"), "3:16 `base.debian` cannot be `trixie`");
  EXPECT_EQ(mistake(kHead + "base: {python: \"3.12\"}\n"), "3:16 `base.python` cannot be `3.12`");
  EXPECT_THAT(hint_of(kHead + "base: {debian: trixie}\n"), HasSubstr("`bookworm` with Python `3.11`"));
  EXPECT_EQ(hint_of(kHead + "base: {flavor: distroles}\n"), "did you mean `distroless`?");
}

TEST(ReadSpec, ImageIsAReferenceWithoutDigest) {
  EXPECT_EQ(mistake(kHead + "image: registry.example/Team/x\n").substr(0, 4), "3:8 ");
  EXPECT_EQ(mistake(kHead + "image: registry.example/x@sha256:" + std::string(64, 'a') + "\n"),
            "3:8 `image` names a digest, which is only known after the build");
  EXPECT_EQ(mistake(kHead + "image: registry.example:5000/x:1.4\n"), "");
}

TEST(ReadSpec, ConfigValuesAreChecked) {
  EXPECT_EQ(mistake(kHead + "config: {env: {1X: a}}\n"), "3:16 `1X` is no name of an environment variable");
  EXPECT_EQ(mistake(kHead + "config: {env: {X: }}\n"), "3:16 `config.env.X` has no value");
  EXPECT_EQ(mistake(kHead + "config: {labels: {\"a b\": c}}\n"), "3:19 `a b` is no name of a label");
  EXPECT_EQ(mistake(kHead + "config: {workdir: app}\n"),
            "3:19 `config.workdir` must be an absolute path without `..`, not `app`");
  EXPECT_EQ(mistake(kHead + "config: {workdir: /proc/self/fd/8}\n"), "3:19 `config.workdir` cannot be below `/proc`");
  EXPECT_EQ(mistake(kHead + "config: {ports: [70000]}\n"), "3:18 `70000` is no port");
  EXPECT_EQ(mistake(kHead + "config: {stop-signal: TERM}\n"), "3:23 `TERM` is no signal");
}

TEST(ReadSpec, UsersAreIdsThatFitOrNames) {
  for (const std::string user : {"0", "1000", "1000:1000", "app", "app:users", "2147483647"}) {
    EXPECT_EQ(mistake(kHead + "config: {user: \"" + user + "\"}\n"), "") << user;
  }
  for (const std::string user : {"4294967296", "2147483648", "-1", "a b", "1000:", ":1", "$(id)", "a:b:c"}) {
    EXPECT_EQ(mistake(kHead + "config: {user: \"" + user + "\"}\n"), "3:16 `" + user + "` is no user") << user;
  }
}

TEST(ReadSpec, EnvironmentValuesAreNeverExpanded) {
  EXPECT_EQ(parse(kHead + "config: {env: {P: \"$HOME/${X}\"}}\n").variants[0].config.env.at("P"), "$HOME/${X}");
}

TEST(ReadSpec, BytecodeIsMadeUnlessTheSpecSaysNo) {
  EXPECT_TRUE(parse(kHead).variants[0].bytecode);
  EXPECT_TRUE(parse(kHead + "python: {bytecode: true}\n").variants[0].bytecode);
  EXPECT_FALSE(parse(kHead + "python: {bytecode: false}\n").variants[0].bytecode);
}

TEST(ReadSpec, LayersStopBelowWhatRuntimesTake) {
  EXPECT_EQ(mistake(kHead + "layers: {max: 7}\n"), "3:15 `layers.max` cannot be 7");
  EXPECT_EQ(mistake(kHead + "layers: {max: 121}\n"), "3:15 `layers.max` cannot be 121");
  EXPECT_EQ(parse(kHead + "layers: {max: 8}\n").variants[0].max_layers, 8U);
}

TEST(ReadSpec, ALazyFormHasItsOwnCompression) {
  const auto layers = [](const std::string& text) { return parse(kHead + "layers: {" + text + "}\n").variants[0]; };
  EXPECT_EQ(layers("max: 9").lazy, oci::LazyFormat::None);
  EXPECT_EQ(layers("lazy: estargz").lazy, oci::LazyFormat::Estargz);
  EXPECT_EQ(layers("lazy: estargz, compression: gzip").compression, oci::LayerCompression::Gzip);
  EXPECT_EQ(layers("lazy: \"zstd:chunked\"").lazy, oci::LazyFormat::ZstdChunked);
  EXPECT_EQ(layers("lazy: \"zstd:chunked\"").compression, oci::LayerCompression::Zstd);
  EXPECT_EQ(mistake(kHead + "layers: {lazy: estargz, compression: zstd}\n"),
            "3:38 `layers.lazy: estargz` cannot have `zstd` layers");
  EXPECT_EQ(mistake(kHead + "layers: {lazy: \"zstd:chunked\", compression: gzip}\n"),
            "3:45 `layers.lazy: zstd:chunked` cannot have `gzip` layers");
  EXPECT_THAT(mistake(kHead + "layers: {lazy: stargz}\n"), HasSubstr("stargz"));
}

TEST(ReadSpec, ExcludeNewerIsADayThatExists) {
  for (const std::string date : {"2024-06-01", "2024-02-29", "2024-06-01T12:00:00Z", "2024-06-01T12:00:00.5+02:00"}) {
    EXPECT_EQ(mistake(kHead + "python: {exclude-newer: \"" + date + "\"}\n"), "") << date;
  }
  for (const std::string date :
       {"2024-13-01", "2023-02-29", "yesterday", "2024-6-1", "2024-06-01T25:00:00Z", "2024-06-01T12:00:00"}) {
    EXPECT_EQ(mistake(kHead + "python: {exclude-newer: \"" + date + "\"}\n"), "3:25 `" + date + "` is no date") << date;
  }
}

TEST(ReadSpec, IndexesNeedPackagesAndKeepNoSecrets) {
  EXPECT_EQ(mistake(kHead + "python: {indexes: [{url: \"https://a.example/\"}]}\n"),
            "3:20 `python.indexes[0]` has no `packages`");
  EXPECT_EQ(mistake(kHead + "python: {indexes: [{url: \"https://a.example/\", packages: []}]}\n"),
            "3:20 this index names no packages");
  EXPECT_EQ(mistake(kHead + "python: {indexes: [{url: \"ftp://a.example/\", packages: [a]}]}\n").substr(0, 5), "3:26 ");
  const std::string secret =
      mistake(kHead + "python: {indexes: [{url: \"https://me:pass@a.example/\", packages: [a]}]}\n");
  EXPECT_EQ(secret, "3:26 `url` of an index holds user information");
}

TEST(ReadSpec, APackageComesFromOneIndex) {
  EXPECT_EQ(mistake(kHead + "python:\n  indexes:\n    - {url: \"https://a.example/\", packages: [torch]}\n    - {url: "
                            "\"https://b.example/\", packages: [Torch]}\n"),
            "6:46 `torch` already comes from an index");
}

TEST(ReadSpec, SdistsAreDenyAllowOrNames) {
  EXPECT_EQ(parse(kHead + "python: {sdists: allow}\n").variants[0].sdists, SdistPolicy::Allow);
  EXPECT_EQ(mistake(kHead + "python: {sdists: docopt}\n"), "3:18 `python.sdists` cannot be `docopt`");
  EXPECT_THAT(hint_of(kHead + "python: {sdists: docopt}\n"), HasSubstr("`sdists: [docopt]`"));
}

TEST(ReadSpec, SystemPackagesAreBareNames) {
  EXPECT_EQ(mistake(kHead + "system: {runtime: [libgomp1=12]}\n"), "3:20 `libgomp1=12` is no name of a Debian package");
  EXPECT_EQ(mistake(kHead + "system: {build: [\"g++\", g++]}\n"), "");
  EXPECT_EQ(mistake(kHead + "system: {build: [-oFoo=bar]}\n"), "3:18 `-oFoo=bar` is no name of a Debian package");
}

TEST(ReadSpec, AppTargetsAreAbsoluteAndNotReserved) {
  FakeDirectory files;
  files.directories = {"a"};
  const auto to = [&](const std::string& path) {
    return mistake(kHead + "app: [{from: a, to: " + path + "}]\n", files);
  };
  EXPECT_EQ(to("/app"), "");
  EXPECT_EQ(to("app"), "3:21 `to` must be an absolute path without `..`, not `app`");
  EXPECT_EQ(to("/app/../etc"), "3:21 `to` must be an absolute path without `..`, not `/app/../etc`");
  EXPECT_EQ(to("/proc/self"), "3:21 nothing can be copied to `/proc`");
  EXPECT_EQ(to("//dev/./shm"), "3:21 nothing can be copied to `/dev`");
  EXPECT_EQ(to("/bin/tool"), "3:21 nothing can be copied to `/bin`");
  EXPECT_EQ(mistake(kHead + "app: [{from: a}]\n", files), "3:7 `app[0]` has no `to`");
}

TEST(ReadSpec, PathsStayBesideTheSpec) {
  FakeDirectory files;
  files.outside = {"link"};
  const auto from = [&](const std::string& path) {
    return mistake(kHead + "app: [{from: " + path + ", to: /app}]\n", files);
  };
  EXPECT_EQ(from("/etc"), "3:14 `/etc` is an absolute path");
  EXPECT_EQ(from("a/../../b"), "3:14 `a/../../b` leaves the directory of the spec");
  EXPECT_EQ(from("link"), "3:14 `link` leads out of the directory of the spec through a link");
  EXPECT_EQ(from("nowhere"), "3:14 `nowhere` does not exist");
}

TEST(ReadSpec, AMissingFileGetsTheNearestName) {
  FakeDirectory files;
  files.files = {{"requirements.txt", ""}};
  EXPECT_EQ(hint_of(kHead + "requirements: {runtime: requirement.txt}\n", files), "did you mean `requirements.txt`?");
}

TEST(ReadSpec, RequirementsKeepTheirPlaceInTheirFile) {
  FakeDirectory files;
  files.files = {{"requirements.txt", "# pins\nnumpy==1.26.4\n-r more/extra.txt\n"}, {"more/extra.txt", "pandas\n"}};
  const Spec spec = parse(kHead + "requirements: {runtime: requirements.txt}\n", files);
  const auto& requirements = spec.variants[0].runtime.requirements;
  ASSERT_EQ(requirements.size(), 2U);
  EXPECT_EQ(requirements[0].location, (Location{"specs/requirements.txt", 2, 1, 13}));
  EXPECT_EQ(requirements[1].location, (Location{"specs/more/extra.txt", 1, 1, 6}));
}

TEST(ReadSpec, MistakesInRequirementsFilesNameFileAndLine) {
  FakeDirectory files;
  files.files = {{"requirements.txt", "tomli==2.0.1\nnumpy=>1\n-r ../else.txt\n-r gone.txt\n"}};
  const std::vector<Error> all = mistakes(kHead + "requirements: {runtime: requirements.txt}\n", files);
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].location().file, "specs/requirements.txt");
    EXPECT_EQ(all[i].location().line, i + 2);
  }
}

TEST(ReadSpec, RequirementsFilesHoldWhatEditorsShow) {
  FakeDirectory files;
  files.files = {{"requirements.txt", "tomli\nnum\xE2\x80\xAEpy\n"}};
  const std::vector<Error> all = mistakes(kHead + "requirements: {runtime: requirements.txt}\n", files);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].location(), (Location{"specs/requirements.txt", 2, 4, 1}));
}

TEST(ReadSpec, AListItemThatIsAFileIsTold) {
  FakeDirectory files;
  files.files = {{"more.txt", "pandas\n"}};
  EXPECT_EQ(mistake(kHead + "requirements: {runtime: [numpy, more.txt]}\n", files),
            "3:33 `more.txt` looks like a file, and stands among requirements");
  EXPECT_EQ(
      parse(kHead + "requirements: {runtime: [numpy, -r more.txt]}\n", files).variants[0].runtime.requirements.size(),
      2U);
}

TEST(ReadSpec, IndexOptionsInRequirementsFilesAreSentToTheSpec) {
  FakeDirectory files;
  files.files = {{"requirements.txt", "--extra-index-url https://a.example/simple\ntorch\n"}};
  EXPECT_EQ(mistake(kHead + "requirements: {runtime: requirements.txt}\n", files),
            "3:25 `requirements.txt` sets `--extra-index-url`");
  EXPECT_THAT(hint_of(kHead + "requirements: {runtime: requirements.txt}\n", files), HasSubstr("python: {indexes:"));
}

TEST(ReadSpec, HashesOfRequirementsAreKept) {
  const std::string hash(64, 'a');
  const Spec spec = parse(kHead + "requirements: {runtime: [\"numpy==1 --hash=sha256:" + hash + "\"]}\n");
  EXPECT_EQ(spec.variants[0].runtime.requirements.at(0).hashes.at(0).hex(), hash);
}

TEST(ReadSpec, AConstraintIsANameAndVersions) {
  EXPECT_EQ(mistake(kHead + "requirements: {constraints: [\"dvc[s3]<4\"]}\n"),
            "3:30 `dvc[s3]<4` cannot be a constraint");
}

TEST(ReadSpec, VariantsOverrideWhatTheyName) {
  const Spec spec = parse(kHead + R"(requirements: {runtime: [numpy], dev: [pytest]}
config: {user: app, cmd: [train]}
variants:
  serve: {requirements: {runtime: [fastapi, uvicorn]}, config: {cmd: [serve]}}
  plain:
)");
  ASSERT_EQ(spec.variants.size(), 3U);
  const SpecVariant& serve = spec.variant("serve");
  ASSERT_EQ(serve.runtime.requirements.size(), 2U);
  EXPECT_EQ(serve.runtime.requirements[0].location.line, 6U);
  EXPECT_EQ(serve.dev.requirements.at(0).name, "pytest");
  EXPECT_THAT(serve.config.cmd, ElementsAre("serve"));
  EXPECT_EQ(serve.config.user, "app");
  EXPECT_THAT(spec.variant("plain").config.cmd, ElementsAre("train"));
  EXPECT_THAT(spec.variant("").config.cmd, ElementsAre("train"));
}

TEST(ReadSpec, AVariantCannotMoveTheImage) {
  EXPECT_EQ(mistake(kHead + "variants: {serve: {image: x}}\n"), "3:20 unknown key `image` in `variants.serve`");
}

TEST(ReadSpec, MistakesOfTheSpecAreToldOnceHoweverManyVariants) {
  EXPECT_EQ(mistake(kHead + "config: {user: \"a b\"}\nvariants: {a: {}, b: {}, c: {}}\n"), "3:16 `a b` is no user");
  EXPECT_EQ(mistake(kHead + "variants: {a: {config: {user: \"a b\"}}}\n"), "3:31 `a b` is no user");
}

TEST(Spec, AnUnknownVariantGetsTheNearestName) {
  const Spec spec = parse(kHead + "variants: {serve: {}}\n");
  try {
    spec.variant("srve");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_EQ(error.hint_text(), "did you mean `serve`?");
  }
}

class ReadSpecFromDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("mlbuild-spec-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_ / "specs");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / "specs" / name, std::ios::binary) << text;
    return directory_ / "specs" / name;
  }
  static std::string refusal(const std::filesystem::path& path) {
    try {
      read_spec(path);
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 2);
      EXPECT_FALSE(error.hint_text().empty());
      return error.what();
    }
    return "accepted";
  }
  std::filesystem::path directory_;
};

TEST_F(ReadSpecFromDisk, MissingDirectoriesAndHugeFilesAreTold) {
  EXPECT_THAT(refusal(directory_ / "specs/none.yaml"), HasSubstr("there is no spec"));
  EXPECT_THAT(refusal(directory_ / "specs"), HasSubstr("is a directory"));
  EXPECT_EQ(refusal(write("big.yaml", kHead + "# " + std::string(1U << 20U, 'x'))), "the file is larger than 1.0 MB");
  EXPECT_THAT(refusal("/dev/zero"), HasSubstr("not a regular file"));
}

TEST_F(ReadSpecFromDisk, LinksMayNotLeadOut) {
  std::ofstream(directory_ / "secret.txt") << "numpy\n";
  std::filesystem::create_symlink("../secret.txt", directory_ / "specs/requirements.txt");
  std::filesystem::create_directory_symlink(directory_, directory_ / "specs/up");
  EXPECT_THAT(refusal(write("a.yaml", kHead + "requirements: {runtime: requirements.txt}\n")),
              HasSubstr("through a link"));
  EXPECT_THAT(refusal(write("b.yaml", kHead + "app: [{from: up/secret.txt, to: /x}]\n")), HasSubstr("through a link"));
  write("outer.txt", "-r requirements.txt\n");
  EXPECT_THAT(refusal(write("c.yaml", kHead + "requirements: {runtime: outer.txt}\n")), HasSubstr("through a link"));
}

TEST_F(ReadSpecFromDisk, LinksThatStayAreFollowed) {
  write("real.txt", "numpy\n");
  std::filesystem::create_symlink("real.txt", directory_ / "specs/requirements.txt");
  const Spec spec = read_spec(write("a.yaml", kHead + "requirements: {runtime: requirements.txt}\n"));
  EXPECT_EQ(spec.variants[0].runtime.requirements.size(), 1U);
  EXPECT_EQ(spec.directory, directory_ / "specs");
}

TEST_F(ReadSpecFromDisk, AChangeIsReadBeforeItIsWritten) {
  write("requirements.txt", "numpy\n-r more.txt\n");
  write("more.txt", "scipy\n");
  const auto spec = write("a.yaml", kHead + "requirements: {runtime: requirements.txt}\n");
  const auto file = [&](const std::string& name) { return (directory_ / "specs" / name).string(); };
  EXPECT_EQ(read_changed_spec(spec, {{file("more.txt"), ""}}).variants[0].runtime.requirements.size(), 1U);
  EXPECT_EQ(read_changed_spec(spec, {{spec.string(), kHead}}).variants[0].runtime.requirements.size(), 0U);
  EXPECT_THROW(read_changed_spec(spec, {{spec.string(), "version: ["}}), Error);
  EXPECT_EQ(read_spec(spec).variants[0].runtime.requirements.size(), 2U);
}

TEST(ReadSpec, AKeyOfTheWholeSpecInAVariantIsSentToTheTop) {
  for (const std::string key : {"name", "platforms", "image", "version"}) {
    const std::string text = kHead + "variants: {serve: {" + key + ": [linux/arm64]}}\n";
    EXPECT_EQ(mistake(text), "3:20 unknown key `" + key + "` in `variants.serve`");
    EXPECT_EQ(hint_of(text), "`" + key + "` belongs at the top of the spec; it holds for all variants");
  }
}

TEST(ReadSpec, PruneIsAPolicyWithExceptions) {
  const Spec spec = parse(kHead + "prune: {tests: true, headers: false, keep: [scipy/stats/, numpy]}\n");
  EXPECT_EQ(spec.variants[0].prune.canonical(), "tests, keep numpy scipy/stats");
  EXPECT_EQ(spec.variants[0].prune_location.line, 3U);
  EXPECT_FALSE(parse(kHead + "prune: {tests: false}\n").variants[0].prune.any());
  EXPECT_EQ(mistake(kHead + "prune: {keep: [/usr/lib]}\n"), "3:16 `prune.keep` cannot name `/usr/lib`");
}

}  // namespace
}  // namespace mlbuild
