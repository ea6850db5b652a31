#include "mlbuild/inspect/libraries.hpp"

#include "inspect/scan_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::library;
using test::program;
using test::ScanBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kSite = "usr/local/lib/python3.11/site-packages/";
const std::string kLib = "usr/lib/x86_64-linux-gnu/";
const std::string kModule = ".cpython-311-x86_64-linux-gnu.so";

/// Merged /usr, a C library and an interpreter.
ScanBuilder base() {
  elf::Object libc = library("libc.so.6");
  libc.versions = {"GLIBC_2.2.5", "GLIBC_2.36"};
  return ScanBuilder()
      .link("lib", "usr/lib")
      .object(kLib + "libc.so.6", libc)
      .object("usr/bin/python3.11", program({"libc.so.6"}))
      .link("usr/local/bin/python3", "/usr/bin/python3.11");
}

std::vector<LibraryProblem> problems(const std::vector<LayerScan>& layers, std::vector<std::string> env = {}) {
  oci::ImageConfig config;
  config.env = std::move(env);
  return check_libraries(layers, explain(layers), config).problems;
}

elf::Object with_rpath(elf::Object object, const std::string& rpath) {
  object.rpath = rpath;
  return object;
}

elf::Object with_runpath(elf::Object object, const std::string& runpath) {
  object.runpath = runpath;
  return object;
}

std::vector<std::string> told(const std::vector<LibraryProblem>& problems) {
  std::vector<std::string> texts;
  for (const LibraryProblem& problem : problems) {
    texts.push_back(std::string(certainty_name(problem.certainty)) + " " + std::string(kind_name(problem.kind)) + " " +
                    problem.library + (problem.version.empty() ? "" : " " + problem.version));
  }
  return texts;
}

TEST(Libraries, AModuleThatFindsAllIsFine) {
  EXPECT_THAT(problems({base().object(kSite + "a/x" + kModule, library("", {"libc.so.6"}))}), IsEmpty());
}

TEST(Libraries, AMissingOneIsToldWithItsChainAndItsPackage) {
  const auto found = problems(
      {base()
           .object(kSite + "cv2/cv2.abi3.so", with_rpath(library("", {"libQt5Gui.so.5"}), "$ORIGIN/../cv.libs"))
           .object(kSite + "cv.libs/libQt5Gui.so.5", library("libQt5Gui.so.5", {"libGL.so.1"}))});
  EXPECT_THAT(told(found), ElementsAre("error missing libGL.so.1"));
  EXPECT_THAT(found[0].chain, ElementsAre(kSite + "cv2/cv2.abi3.so", kSite + "cv.libs/libQt5Gui.so.5"));
  EXPECT_EQ(found[0].advice.name, "libgl1");
}

TEST(Libraries, RpathIsInheritedAlongTheChainAndRunpathIsNot) {
  const auto image = [&](elf::Object module) {
    return base()
        .object(kSite + "a/x" + kModule, std::move(module))
        .object(kSite + "a.libs/libone.so.1", library("libone.so.1", {"libtwo.so.2"}))
        .object(kSite + "a.libs/libtwo.so.2", library("libtwo.so.2"));
  };
  EXPECT_THAT(problems({image(with_rpath(library("", {"libone.so.1"}), "$ORIGIN/../a.libs"))}), IsEmpty());
  EXPECT_THAT(told(problems({image(with_runpath(library("", {"libone.so.1"}), "${ORIGIN}/../a.libs"))})),
              ElementsAre("sibling missing libtwo.so.2"));
}

TEST(Libraries, RunpathSwitchesTheChainOff) {
  elf::Object one = with_runpath(library("libone.so.1", {"libtwo.so.2"}), "/nowhere");
  EXPECT_THAT(told(problems({base()
                                 .object(kSite + "a/x" + kModule, with_rpath(library("", {"libone.so.1"}), "$ORIGIN"))
                                 .object(kSite + "a/libone.so.1", one)
                                 .object(kSite + "a/libtwo.so.2", library("libtwo.so.2"))})),
              ElementsAre("sibling missing libtwo.so.2"));
}

TEST(Libraries, WhatIsLoadedAlreadyIsFoundBySoname) {
  EXPECT_THAT(
      problems(
          {base()
               .object(kSite + "a/x" + kModule, with_rpath(library("", {"libone-hash.so", "libtwo.so"}), "$ORIGIN"))
               .object(kSite + "a/libone-hash.so", library("libone.so.1"))
               .object(kSite + "a/libtwo.so", with_runpath(library("libtwo.so", {"libone.so.1"}), "/none"))}),
      IsEmpty());
}

TEST(Libraries, TheConfiguredPathsAreSearched) {
  const ScanBuilder image =
      base().object("usr/bin/tool", program({"libodd.so.1"})).object("opt/odd/lib/libodd.so.1", library("libodd.so.1"));
  EXPECT_THAT(told(problems({image})), ElementsAre("sibling missing libodd.so.1"));
  EXPECT_THAT(problems({image}, {"LD_LIBRARY_PATH=/x:/opt/odd/lib"}), IsEmpty());
  ScanBuilder configured = image;
  configured.text("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
      .text("etc/ld.so.conf.d/odd.conf", "/opt/odd/lib\n");
  EXPECT_THAT(told(problems({configured})), ElementsAre("sibling missing libodd.so.1"));  // ldconfig did not run
  EXPECT_THAT(problems({configured.file("etc/ld.so.cache")}), IsEmpty());
}

TEST(Libraries, AnOpaqueRootHidesAllThatIsBelow) {
  const ScanBuilder broken = base().object("usr/bin/tool", program({"libgone.so.1"}));
  EXPECT_THAT(told(problems({broken})), ElementsAre("error missing libgone.so.1"));
  EXPECT_THAT(problems({broken, ScanBuilder().file(".wh..wh..opq")}), IsEmpty());
  const ScanBuilder alone = ScanBuilder().file(".wh..wh..opq").object("usr/bin/tool", program({"libc.so.6"}));
  EXPECT_THAT(told(problems({base(), alone})), ElementsAre("error missing libc.so.6"));
}

TEST(Libraries, FilesOfTheLoaderThatIncludeEachOtherAreReadOnce) {
  ScanBuilder image = base()
                          .object("usr/bin/tool", program({"libodd.so.1"}))
                          .object("opt/199/libodd.so.1", library("libodd.so.1"))
                          .file("etc/ld.so.cache");
  const std::string all = "include /etc/ld.so.conf.d/*.conf\n";
  image.text("etc/ld.so.conf", all);
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    image.text("etc/ld.so.conf.d/" + number + ".conf", all + all + all + "/opt/" + number + "\n");
  }
  EXPECT_THAT(problems({image}), IsEmpty());
}

TEST(Libraries, ConfigurationOfTheLoaderBeyondAnyRealOneIsNotFollowed) {
  ScanBuilder image = base().object("usr/bin/tool", program({"libodd.so.1"})).file("etc/ld.so.cache");
  std::string lines;
  for (int i = 0; i < 300'000; ++i) lines += "include /etc/ld.so.conf.d/*" + std::to_string(i) + ".none\n";
  image.text("etc/ld.so.conf", lines);
  for (int i = 0; i < 4'000; ++i) image.text("etc/ld.so.conf.d/" + std::to_string(i) + ".conf", "");
  EXPECT_THAT(told(problems({image})), ElementsAre("error missing libodd.so.1"));
}

TEST(Libraries, SymbolVersionsAreThoseOfTheImage) {
  elf::Object module = library("", {"libc.so.6"});
  module.version_needs = {
      {"libc.so.6", "GLIBC_2.36", false}, {"libc.so.6", "GLIBC_2.38", false}, {"libc.so.6", "GLIBC_2.99", true}};
  EXPECT_THAT(told(problems({base().object(kSite + "a/x" + kModule, module)})),
              ElementsAre("error version libc.so.6 GLIBC_2.38"));
}

TEST(Libraries, OtherProcessorsDoNotCount) {
  elf::Object arm = library("libone.so.1");
  arm.machine = 183;
  const auto found = problems({base()
                                   .object(kSite + "a/x" + kModule, with_rpath(library("", {"libone.so.1"}), "$ORIGIN"))
                                   .object(kSite + "a/libone.so.1", arm)});
  EXPECT_THAT(told(found), ElementsAre("error machine libone.so.1"));
  EXPECT_EQ(found[0].found, kSite + "a/libone.so.1");
}

TEST(Libraries, TheDriverIsExceptedByName) {
  EXPECT_THAT(
      told(problems({base().object(kSite + "a/x" + kModule, library("", {"libcuda.so.1", "libnvidia-ml.so.1"}))})),
      ElementsAre("driver missing libcuda.so.1", "driver missing libnvidia-ml.so.1"));
}

TEST(Libraries, WhatPythonLoadsByNameIsCertain) {
  const auto image = [&](bool calls) {
    return base()
        .object(kSite + "lightgbm/lib/lib_lightgbm.so", library("", {"libgomp.so.1"}))
        .python(kSite + "lightgbm/libpath.py", {{"lib_lightgbm.so"}, false})
        .python(kSite + "lightgbm/basic.py", {{}, calls});
  };
  EXPECT_THAT(told(problems({image(true)})), ElementsAre("error missing libgomp.so.1"));
  EXPECT_THAT(told(problems({image(false)})), ElementsAre("perhaps missing libgomp.so.1"));
}

TEST(Libraries, ModulesOfOtherPythonsAreNotFollowed) {
  EXPECT_THAT(problems({base().object(kSite + "a/x.cpython-310-x86_64-linux-gnu.so", library("", {"libgone.so.1"}))}),
              IsEmpty());
}

TEST(Libraries, APlainModuleSaysThatItIsOne) {
  elf::Object module = library("", {"libgone.so.1"});
  EXPECT_THAT(told(problems({base().object(kSite + "a/_C.so", module)})), ElementsAre("perhaps missing libgone.so.1"));
  module.python_init = {"_C"};
  EXPECT_THAT(told(problems({base().object(kSite + "a/_C.so", module)})), ElementsAre("error missing libgone.so.1"));
}

TEST(Libraries, WhatIsDoneWithoutIsNoError) {
  EXPECT_THAT(
      told(problems({base()
                         .object("usr/sbin/update-passwd", program({"libselinux.so.1"}))
                         .object("usr/lib/python3.11/lib-dynload/_tkinter" + kModule, library("", {"libtk8.6.so"}))
                         .object(kSite + "numba/np/ufunc/tbbpool" + kModule, library("", {"libtbb.so.12"}))})),
      ::testing::UnorderedElementsAre("perhaps missing libselinux.so.1", "perhaps missing libtk8.6.so",
                                      "perhaps missing libtbb.so.12"));
}

TEST(Libraries, LayersAboveHideAndReplace) {
  const ScanBuilder below =
      base().object("usr/bin/tool", program({"libone.so.1"})).object(kLib + "libone.so.1", library("libone.so.1"));
  EXPECT_THAT(problems({below}), IsEmpty());
  EXPECT_THAT(told(problems({below, ScanBuilder().file(kLib + ".wh.libone.so.1")})),
              ElementsAre("error missing libone.so.1"));
  EXPECT_THAT(problems({below, ScanBuilder().file("usr/bin/.wh.tool").file(kLib + ".wh.libone.so.1")}), IsEmpty());
}

TEST(LibraryPackages, KnowDebiansNames) {
  const LibraryPackages packages;
  const auto found = [&](const char* library) { return packages.find(library).name; };
  EXPECT_EQ(found("libGL.so.1"), "libgl1");
  EXPECT_EQ(found("libglib-2.0.so.0"), "libglib2.0-0");
  EXPECT_EQ(found("libgthread-2.0.so.0"), "libglib2.0-0");
  EXPECT_EQ(found("libgomp.so.1.0.0"), "libgomp1");
  EXPECT_EQ(found("libz.so.1"), "zlib1g");
  EXPECT_EQ(found("libcudart.so.12"), "nvidia-cuda-runtime-cu12");
  EXPECT_EQ(packages.find("libodd_name3.so.7").kind, LibraryPackage::Kind::Named);
  EXPECT_EQ(found("libodd_name3.so.7"), "libodd-name3-7");
  EXPECT_EQ(packages.find("libsox.so").kind, LibraryPackage::Kind::None);  // only a development package has it
}

}  // namespace
}  // namespace mlbuild
