// Building a source distribution, with a small backend of its own and the host's Python in place of the sandbox (which
// has its tests in tests/sandbox). The real thing, with Debian packages and setuptools, is in
// sdist_build_real_test.cpp.

#include "mlbuild/run/sdist_build.hpp"

#include "../../src/run/build_failure.hpp"
#include "../../src/run/built_wheel_check.hpp"
#include "support/deb_builder.hpp"
#include "support/host_python.hpp"
#include "support/tar_text.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/sys/file.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kProject = "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n";
constexpr const char* kBackend = R"(
import os, zipfile
NAME, FILES = "toy-1.0-py3-none-any.whl", {}
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(directory, NAME), "w") as wheel:
        for name, content in {"toy.py": "epoch = " + os.environ["SOURCE_DATE_EPOCH"], **FILES}.items():
            wheel.writestr(zipfile.ZipInfo(name), content)
    return NAME
)";

class SdistBuild : public ::testing::Test {
 protected:
  BlobDigest keep(std::string_view content) {
    const auto writer = store.begin();
    writer->write(as_bytes(content));
    return writer->commit();
  }
  SdistBuildInputs inputs_for_tar(const std::string& tar) {
    SdistBuildInputs inputs;
    inputs.sdist = keep(as_text(Deflater(6).gzip_member(as_bytes(tar))));
    inputs.sdist_filename = "toy-1.0.tar.gz";
    inputs.project = "toy";
    inputs.version = "1.0";
    inputs.root_packages = {{"python3.11-minimal", "1.0-1", "amd64", python_}};
    return inputs;
  }
  SdistBuildInputs inputs_for(const std::string& backend, const std::string& project = kProject) {
    return inputs_for_tar(tar_of(
        {{"toy-1.0/PKG-INFO", "Name: toy\n"}, {"toy-1.0/pyproject.toml", project}, {"toy-1.0/own.py", backend}}));
  }
  BuiltWheel build(const SdistBuildInputs& inputs) { return build_sdist(inputs, store, sandbox, never); }
  Error failure_of(const SdistBuildInputs& inputs) {
    try {
      build(inputs);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "was built";
    return {ErrorKind::Internal, ""};
  }

  TempDir directory;
  DiskStore store{directory.path() / "store"};
  test::HostPython sandbox;
  Cancellation never;

 private:
  BlobDigest python_ =
      keep(as_text(test::DebBuilder::named("python3.11-minimal").file("usr/bin/python3.11", "", 0755).build()));
};

TEST_F(SdistBuild, KeepsTheBackendsWheelAndItsFacts) {
  const SdistBuildInputs inputs = inputs_for(kBackend);
  const BuiltWheel wheel = build(inputs);
  EXPECT_EQ(wheel.filename, "toy-1.0-py3-none-any.whl");
  EXPECT_THAT(std::string(as_text(read_all(*store.open(wheel.digest), 1000))), HasSubstr("epoch = 315532800"));
  const BuiltWheel known = parse_built_wheel(store.get(sdist_build_card(inputs).key()).value());
  EXPECT_EQ(known.digest, wheel.digest);
  EXPECT_EQ(known.size_bytes, wheel.size_bytes);
}

TEST_F(SdistBuild, RunsWithoutNetworkInAFixedEnvironment) {
  build(inputs_for(kBackend));
  EXPECT_FALSE(sandbox.last.network);
  std::vector<std::string> names;
  for (const auto& [name, value] : sandbox.last.env) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED",
                                 "SOURCE_DATE_EPOCH", "TZ"));
  EXPECT_EQ(sandbox.last.working_directory, "/build/source/toy-1.0");
}

TEST_F(SdistBuild, WhatItWritesCountsToItsLimit) {
  build(inputs_for(kBackend));
  EXPECT_NE(sandbox.last.disk_limit_bytes, 0U);
  for (const SandboxMount& mount : sandbox.last.mounts) EXPECT_EQ(mount.counted, mount.writable) << mount.inside;
}

TEST_F(SdistBuild, LeavesNothingButTheBlobs) {
  build(inputs_for(kBackend));
  for (const auto& entry : std::filesystem::directory_iterator(store.root() / "tmp")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("sdist-")) << entry.path();
  }
}

TEST_F(SdistBuild, NamesWhatTheBackendWantsOnTop) {
  const Error error = failure_of(
      inputs_for(std::string(kBackend) +
                 "def get_requires_for_build_wheel(config_settings=None):\n  return ['no-such-project>=2']\n"));
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_THAT(error.message(), HasSubstr("needs `no-such-project>=2`"));
  EXPECT_THAT(error.hint_text(), HasSubstr("requirements.build"));
}

TEST_F(SdistBuild, ChecksTheProjectsOwnRequirements) {
  const Error error = failure_of(inputs_for(
      kBackend, "[build-system]\nrequires = ['no-such-project']\nbuild-backend = 'own'\nbackend-path = ['.']\n"));
  EXPECT_THAT(error.message(), HasSubstr("no-such-project"));
}

TEST_F(SdistBuild, RefusesABackendPathOutsideTheSource) {
  const Error error = failure_of(
      inputs_for(kBackend, "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['../..']\n"));
  EXPECT_THAT(error.context().front(), HasSubstr("leaves the source tree"));
}

TEST_F(SdistBuild, ShowsTheEndOfTheOutputAndAWayOut) {
  const Error error =
      failure_of(inputs_for("def build_wheel(*arguments):\n  for i in range(100): print('line', i, flush=True)\n  "
                            "import not_there_at_all\n"));
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_THAT(error.context().front(), HasSubstr("line 99"));
  EXPECT_THAT(error.context().front(), Not(HasSubstr("line 40\n")));
  EXPECT_THAT(error.hint_text(), HasSubstr("brings the module `not_there_at_all` to `requirements.build`"));
}

TEST_F(SdistBuild, RefusesAnotherVersionThanTheLocked) {
  SdistBuildInputs inputs = inputs_for(kBackend);
  inputs.version = "1.1";
  EXPECT_THAT(failure_of(inputs).message(), HasSubstr("made `toy-1.0-py3-none-any.whl`, but toy 1.1 is locked"));
}

TEST_F(SdistBuild, RefusesWheelsThatDoNotFitTheImage) {
  const auto refusal = [&](const std::string& more) {
    return failure_of(inputs_for(std::string(kBackend) + more + "\n")).message();
  };
  EXPECT_THAT(refusal("NAME = 'toy-1.0-cp39-cp39-linux_x86_64.whl'"),
              HasSubstr("its tags are not those of cp3.11 on x86_64"));
  EXPECT_THAT(refusal("NAME = 'toy-1.0-cp311-cp311-win_amd64.whl'"), HasSubstr("its tags"));
  EXPECT_THAT(refusal("FILES = {'toy.pth': '/build/source/toy-1.0'}"),
              HasSubstr("`toy.pth` names the place where it was built"));
  EXPECT_THAT(refusal("FILES = {'toy-1.0.data/scripts/t': '#!/build/out/python\\n'}"), HasSubstr("names the place"));
}

/// A shared library as a linker lays it out: header, one loaded segment, dynamic section, the version that it needs of
/// libc, strings.
std::string library(const std::string& glibc, const std::string& run_path) {
  const std::string strings = '\0' + std::string("libc.so.6") + '\0' + glibc + '\0' + run_path + '\0';
  constexpr std::uint64_t kDynamicOffset = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  constexpr std::uint64_t kDynamicCount = 7;
  constexpr std::uint64_t kVersionsOffset = kDynamicOffset + kDynamicCount * sizeof(Elf64_Dyn);
  constexpr std::uint64_t kStringsOffset = kVersionsOffset + sizeof(Elf64_Verneed) + sizeof(Elf64_Vernaux);
  const Elf64_Dyn dynamic[kDynamicCount] = {{DT_STRTAB, {kStringsOffset}},
                                            {DT_STRSZ, {strings.size()}},
                                            {DT_NEEDED, {1}},
                                            {DT_VERNEED, {kVersionsOffset}},
                                            {DT_VERNEEDNUM, {1}},
                                            {DT_RUNPATH, {strings.size() - 1 - run_path.size()}},
                                            {DT_NULL, {0}}};
  Elf64_Verneed need{};
  need.vn_version = 1;
  need.vn_cnt = 1;
  need.vn_file = 1;
  need.vn_aux = sizeof need;
  Elf64_Vernaux version{};
  version.vna_name = 11;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phoff = sizeof header;
  header.e_phnum = 2;
  Elf64_Phdr parts[2] = {};
  parts[0].p_type = PT_LOAD;
  parts[0].p_filesz = parts[0].p_memsz = kStringsOffset + strings.size();
  parts[1].p_type = PT_DYNAMIC;
  parts[1].p_offset = parts[1].p_vaddr = kDynamicOffset;
  parts[1].p_filesz = parts[1].p_memsz = sizeof dynamic;
  const auto bytes = [](const auto& value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
  return bytes(header) + bytes(parts) + bytes(dynamic) + bytes(need) + bytes(version) + strings;
}

TEST(ElfNeeds, NamesTheNewestGlibcAndTheRunPath) {
  elf::Object object;
  object.version_needs = {{"libc.so.6", "GLIBC_2.4"}, {"libc.so.6", "GLIBC_2.38"}, {"libm.so.6", "GLIBC_2.17"}};
  object.rpath = "/a";
  object.runpath = "/build/out/lib";
  EXPECT_EQ(needs_of(object).glibc_minor, 38U);
  EXPECT_EQ(needs_of(object).run_path, "/a:/build/out/lib");
  EXPECT_EQ(needs_of({}).glibc_minor, 0U);
}

TEST_F(SdistBuild, RefusesLibrariesThatNeedANewerGlibcOrTheirBuildPlace) {
  const auto refusal = [&](const std::string& file) {
    std::string text;
    for (const char letter : file) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    return failure_of(inputs_for(std::string(kBackend) + "FILES = {'toy.so': b'" + text + "'}\n")).message();
  };
  EXPECT_THAT(refusal(library("GLIBC_2.38", "")), HasSubstr("`toy.so` needs glibc 2.38, the image has 2.36"));
  EXPECT_THAT(refusal(library("GLIBC_2.4", "/build/out/lib")),
              HasSubstr("looks for libraries where it was built: `/build/out/lib`"));
}

TEST_F(SdistBuild, RefusesTwoWheels) {
  const Error error =
      failure_of(inputs_for(std::string(kBackend) + "    \ndef build_wheel(directory, *more):\n  for name in 'ab': "
                                                    "open(directory + '/' + name, 'w')\n  return 'a'\n"));
  EXPECT_THAT(error.message(), HasSubstr("made 2 files instead of one wheel"));
}

TEST_F(SdistBuild, DoesNotFollowALinkInPlaceOfTheWheel) {
  write_file_atomically(directory.path() / "secret", "of the host");
  const std::string secret = (directory.path() / "secret").string();
  EXPECT_THROW(build(inputs_for("import os\ndef build_wheel(directory, *more):\n  os.symlink('" + secret +
                                "', directory + '/toy-1.0-py3-none-any.whl')\n  return 'toy-1.0-py3-none-any.whl'\n")),
               Error);
}

TEST_F(SdistBuild, RefusesArchivesWithoutOneTopDirectory) {
  EXPECT_EQ(failure_of(inputs_for_tar(tar_of({{"a/x", "1"}, {"b/x", "2"}}))).kind(), ErrorKind::Foreign);
  EXPECT_EQ(failure_of(inputs_for_tar(tar_of({{"file", "1"}}))).kind(), ErrorKind::Foreign);
  const Bytes inner = Deflater(6).gzip_member(as_bytes(tar_of({{"toy-1.0/x", "1"}})));  // its limit is for one only
  EXPECT_EQ(failure_of(inputs_for_tar(std::string(as_text(inner)))).kind(), ErrorKind::Foreign);
}

TEST_F(SdistBuild, RefusesArchivesThatLeaveTheirDirectory) {
  std::string tar = tar_of({{"toy-1.0/..x", "out"}});
  tar.replace(tar.find("/..x"), 4, "/../");
  EXPECT_EQ(failure_of(inputs_for_tar(tar)).kind(), ErrorKind::Foreign);
}

TEST_F(SdistBuild, RefusesZipArchivesByName) {
  SdistBuildInputs inputs = inputs_for(kBackend);
  inputs.sdist_filename = "toy-1.0.zip";
  EXPECT_THAT(failure_of(inputs).message(), HasSubstr("PEP 625"));
}

TEST_F(SdistBuild, KeyNamesEveryInput) {
  SdistBuildInputs inputs = inputs_for(kBackend);
  const KeyCard before = sdist_build_card(inputs);
  inputs.root_packages.push_back({"gcc", "12", "amd64", inputs.sdist});
  inputs.build_requirements = {{"setuptools-70.0.0-py3-none-any.whl", inputs.sdist}};
  inputs.epoch_seconds += 1;
  std::vector<std::string> fields;
  for (const CardChange& change : diff(before, sdist_build_card(inputs))) fields.push_back(change.field);
  EXPECT_THAT(fields, ElementsAre("build:setuptools-70.0.0-py3-none-any.whl", "deb:gcc", "epoch"));
}

TEST(BuildAdvice, ReadsTheWordsOfCompilersAndInterpreters) {
  EXPECT_THAT(advice_from_output("src/x.c:1:10: fatal error: zlib.h: No such file or directory\n"),
              HasSubstr("`zlib.h` to `system.build`"));
  EXPECT_THAT(advice_from_output("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory"),
              HasSubstr("compiler"));
  EXPECT_THAT(advice_from_output("fatal error: Python.h: No such file or directory"), HasSubstr("headers"));
  EXPECT_THAT(advice_from_output("/usr/bin/ld: cannot find -lpq: No such file or directory"), HasSubstr("libpq.so"));
  EXPECT_THAT(advice_from_output("FileNotFoundError: [Errno 2] No such file or directory: '/bin/sh'"),
              HasSubstr("`dash` to `system.build`"));
  EXPECT_EQ(advice_from_output("something else"), "");
}

}  // namespace
}  // namespace mlbuild
