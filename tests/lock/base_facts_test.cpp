#include "../../src/lock/base_debian.hpp"
#include "../../src/lock/base_probe.hpp"
#include "../../src/lock/version_scan.hpp"
#include "base_layers.hpp"
#include "lock_samples.hpp"

#include "mlbuild/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const std::string kGlibc = "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n";
const std::string kPython = std::string(
    "text 3.11.9 text\0"
    "3.11.9\0tail",
    28);

/// python:3.11-slim as the official images lay it out.
LayerTar official() {
  return LayerTar()
      .link("lib", "usr/lib")
      .link("bin", "usr/bin")
      .file("usr/lib/x86_64-linux-gnu/libc.so.6", kGlibc)
      .file("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n")
      .file("usr/local/bin/python3.11", kPython)
      .link("usr/local/bin/python3", "python3.11")
      .link("usr/local/bin/python", "python3")
      .file("usr/local/lib/python3.11/os.py")
      .file("usr/local/lib/python3.11/site-packages/pip/__init__.py")
      .file("usr/local/lib/python3.11/site-packages/pip-24.0.dist-info/RECORD",
            "pip/__init__.py,,\n../../../bin/pip,,\npip-24.0.dist-info/RECORD,,\n");
}

BaseFacts facts_of(const std::vector<LayerTar>& layers, const std::string& path = "/usr/local/bin:/usr/bin") {
  oci::ImageConfig config;
  config.env = {"PATH=" + path};
  return base_facts(tree_of(layers), config, {"linux", "amd64", ""});
}

TEST(BaseFacts, OfTheOfficialPythonImage) {
  const BaseFacts facts = facts_of({official()});
  ASSERT_TRUE(facts.interpreter) << facts.without.why;
  EXPECT_EQ(facts.interpreter->version, "3.11");
  EXPECT_EQ(facts.interpreter->full_version, "3.11.9");
  EXPECT_EQ(facts.interpreter->path, "/usr/local/bin/python");
  EXPECT_EQ(facts.interpreter->glibc, "2.36");
  const std::string packages = "usr/local/lib/python3.11/site-packages";
  EXPECT_EQ(facts.interpreter->scheme,
            (LockedScheme{packages, packages, "usr/local/bin", "usr/local/include/python3.11", "usr/local"}));
  EXPECT_TRUE(facts.debian.merged_usr);
  ASSERT_EQ(facts.projects.size(), 1U);
  EXPECT_EQ(facts.projects[0].name, "pip");
  EXPECT_THAT(facts.projects[0].entries, ElementsAre("pip", "pip-24.0.dist-info"));
}

TEST(BaseFacts, TheHeaderOfPythonSaysItsReleaseBest) {
  const BaseFacts facts = facts_of(
      {official().file("usr/local/include/python3.11/patchlevel.h", "#define PY_VERSION      \t\"3.11.10\"\n")});
  EXPECT_EQ(facts.interpreter->full_version, "3.11.10");
}

/// Its Python belongs to a user, as conda's often does.
TEST(BaseFacts, UnusualDirectoriesAreTheUppermostAndTheWayToThePackages) {
  const DirectoryAttributes users{02775, 1000, 100};
  const BaseFacts facts = facts_of({official()
                                        .directory("tmp", {01777, 0, 0})
                                        .directory("srv")
                                        .directory("home/me/work", users)
                                        .directory("home/me/work/deep", users)
                                        .directory("usr/local/lib/python3.11/site-packages", users)
                                        .directory("usr/local/lib/python3.11/site-packages/pip", users),
                                    LayerTar().directory("tmp", {01770, 0, 0})});
  EXPECT_THAT(facts.directories, ElementsAre(Pair("home/me/work", users), Pair("tmp", DirectoryAttributes{01770, 0, 0}),
                                             Pair("usr/local/lib/python3.11/site-packages", users)));
}

TEST(BaseFacts, DirectoriesOfEveryOwnerThatATarMayHaveAreReadFromTheLock) {
  constexpr std::uint64_t kMost = 0xFFFF'FFFF;  // what a tool leaves that means -1
  const BaseFacts facts = facts_of({official().directory("opt/x", {07777, kMost, kMost})});
  Lock lock = sample_lock();
  lock.images.push_back(sample_image_on_base());
  lock.images[1].base_image->directories = facts.directories;
  const Lock read = parse_lock(to_json(lock), "mlbuild.lock");
  EXPECT_THAT(read.images[1].base_image->directories,
              ElementsAre(Pair("opt/x", DirectoryAttributes{07777, kMost, kMost})));
}

LayerTar debians_own() {
  return LayerTar()
      .directory("lib")
      .file("lib/x86_64-linux-gnu/libc-2.31.so", "nothing")
      .link("lib/x86_64-linux-gnu/libc.so.6", "libc-2.31.so")
      .file("usr/bin/python3.11", "no version here")
      .link("usr/bin/python3", "python3.11")
      .file("usr/lib/python3.11/os.py")
      .file("usr/lib/os-release", "ID=\"debian\"\nVERSION=\"12 (bookworm)\"\n")
      .file("var/lib/dpkg/status",
            "Package: python3.11-minimal\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
            "3.11.2-6+deb12u7\n\n"
            "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
            "Package: other\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n");
}

TEST(BaseFacts, OfDebiansOwnPythonOnASplitRoot) {
  const BaseFacts facts = facts_of({debians_own()});
  ASSERT_TRUE(facts.interpreter) << facts.without.why;
  EXPECT_EQ(facts.interpreter->full_version, "3.11.2");
  EXPECT_EQ(facts.interpreter->path, "/usr/bin/python3");
  EXPECT_EQ(facts.interpreter->glibc, "2.31");
  EXPECT_EQ(facts.interpreter->scheme->purelib, "usr/local/lib/python3.11/dist-packages");
  EXPECT_EQ(facts.interpreter->scheme->data, "usr/local");
  EXPECT_FALSE(facts.debian.merged_usr);
  EXPECT_EQ(facts.debian.suite, "bookworm");
  EXPECT_EQ(facts.debian.database, "status");
  ASSERT_EQ(facts.debian.packages.size(), 1U);
  EXPECT_EQ(base_version(facts.debian, "python3.11-minimal"), "3.11.2-6+deb12u7");
}

TEST(BaseFacts, AVirtualEnvironmentIsWhereItsPyvenvCfgIs) {
  const BaseFacts facts = facts_of(
      {debians_own().file("opt/venv/pyvenv.cfg", "home = /usr/bin\n").link("opt/venv/bin/python3", "/usr/bin/python3")},
      "/opt/venv/bin:/usr/bin");
  EXPECT_EQ(facts.interpreter->path, "/opt/venv/bin/python3");
  EXPECT_EQ(facts.interpreter->scheme->purelib, "opt/venv/lib/python3.11/site-packages");
  EXPECT_EQ(facts.interpreter->scheme->scripts, "opt/venv/bin");
}

TEST(BaseFacts, ACondaPrefixHasItsOwnLibrary) {
  const BaseFacts facts = facts_of({LayerTar()
                                        .file("usr/lib/x86_64-linux-gnu/libc.so.6", kGlibc)
                                        .file("opt/conda/bin/python3.12", std::string("3.12.1\0", 7))
                                        .link("opt/conda/bin/python", "python3.12")
                                        .file("opt/conda/lib/python3.12/os.py")},
                                   "/opt/conda/bin:/usr/bin");
  ASSERT_TRUE(facts.interpreter) << facts.without.why;
  EXPECT_EQ(facts.interpreter->full_version, "3.12.1");
  EXPECT_EQ(facts.interpreter->scheme->purelib, "opt/conda/lib/python3.12/site-packages");
}

TEST(BaseFacts, WithoutPythonSayHowToGetOne) {
  const BaseFacts facts = facts_of({LayerTar().file("bin/sh")});
  EXPECT_FALSE(facts.interpreter);
  EXPECT_THAT(facts.without.why, HasSubstr("no `python3` on its PATH"));
  EXPECT_FALSE(facts.without.hint.empty());
  EXPECT_EQ(facts.debian.database, "none");
}

TEST(BaseFacts, MuslIsToldByName) {
  const BaseFacts facts = facts_of({LayerTar()
                                        .file("lib/ld-musl-x86_64.so.1")
                                        .file("usr/local/bin/python3.11", kPython)
                                        .link("usr/local/bin/python3", "python3.11")
                                        .file("usr/local/lib/python3.11/os.py")});
  EXPECT_FALSE(facts.interpreter);
  EXPECT_THAT(facts.without.why, HasSubstr("musl"));
}

TEST(BaseFacts, AProgramOfAHiddenLayerDoesNotCount) {
  const BaseFacts facts = facts_of({official(), LayerTar().file("usr/local/bin/.wh..wh..opq")});
  EXPECT_FALSE(facts.interpreter);
}

TEST(BaseFacts, StatusDirectoryOfDistrolessImages) {
  const BaseFacts facts =
      facts_of({LayerTar()
                    .file("var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n")
                    .file("var/lib/dpkg/status.d/libc6.md5sums", "x  y\n")});
  EXPECT_EQ(facts.debian.database, "status.d");
  EXPECT_EQ(base_version(facts.debian, "libc6"), "2.36-9");
}

TEST(VersionScan, FindsAReleaseAcrossBuffersAndNotInsideOfOthers) {
  const std::string far = std::string(kStreamBufferBytes - 3, 'x') + std::string(
                                                                         "\0"
                                                                         "3.11.7\0",
                                                                         8);
  SpanSource first(as_bytes(far));
  EXPECT_THAT(scan_python_versions(first, "3.11"), ElementsAre("3.11.7"));
  const std::string none(
      "13.11.7\0"
      "3.11.7rc1\0"
      "3.11.x\0"
      "3.11.\0",
      31);
  SpanSource second(as_bytes(none));
  EXPECT_TRUE(scan_python_versions(second, "3.11").empty());
  SpanSource third(as_bytes(kGlibc));
  EXPECT_THAT(scan_glibc_versions(third), ElementsAre("2.36"));
}

}  // namespace
}  // namespace mlbuild::test
