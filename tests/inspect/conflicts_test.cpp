#include "mlbuild/inspect/conflicts.hpp"

#include "inspect/scan_builder.hpp"

#include "mlbuild/inspect/gpu_code.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::library;
using test::program;
using test::ScanBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kSite = "usr/local/lib/python3.11/site-packages/";

class Wheels {
 public:
  Wheels() { scan_.object("usr/bin/python3.11", program()).link("usr/local/bin/python3", "/usr/bin/python3.11"); }
  /// `files`: path=hash.
  Wheels& add(const std::string& name, const std::string& version, const std::vector<std::string>& fields = {},
              const std::vector<std::string>& files = {}) {
    return add_in(kSite, name, version, fields, files);
  }
  /// In another directory than site-packages.
  Wheels& add_in(const std::string& place, const std::string& name, const std::string& version,
                 const std::vector<std::string>& fields = {}, const std::vector<std::string>& files = {}) {
    const std::string info = place + name + "-" + version + ".dist-info/";
    std::string metadata = "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n", record;
    for (const std::string& field : fields) metadata += field + "\n";
    for (const std::string& file : files) {
      record += file.substr(0, file.find('=')) + ",sha256=" + file.substr(file.find('=') + 1) + ",1\n";
      scan_.file(place + file.substr(0, file.find('=')));
    }
    scan_.text(info + "METADATA", metadata + "\n").text(info + "RECORD", record);
    return *this;
  }
  Wheels& module(const std::string& path) {
    scan_.object(kSite + path, library(""));
    return *this;
  }
  std::vector<Conflict> conflicts() const {
    const std::vector<LayerScan> layers = {scan_};
    const ImageContents contents = explain(layers);
    return find_conflicts(layers, contents, check_libraries(layers, contents, {}), {});
  }

 private:
  ScanBuilder scan_;
};

std::vector<std::string> kinds(const std::vector<Conflict>& conflicts) {
  std::vector<std::string> names;
  for (const Conflict& conflict : conflicts) names.emplace_back(kind_name(conflict.kind));
  return names;
}

TEST(Conflicts, RequirementsThatHoldAreNone) {
  EXPECT_THAT(
      Wheels()
          .add("pandas", "2.2.2",
               {"Requires-Dist: numpy>=1.23.2; python_version == \"3.11\"", "Requires-Dist: lxml>=4; extra == \"xml\"",
                "Requires-Dist: tzdata; sys_platform == \"win32\"", "Requires-Python: >=3.9"})
          .add("NumPy", "1.26.4")
          .conflicts(),
      IsEmpty());
}

TEST(Conflicts, MissingAndOtherVersionsAreTold) {
  const auto found =
      Wheels().add("a", "1.0", {"Requires-Dist: gone>=2", "Requires-Dist: b<2"}).add("b", "2.1").conflicts();
  EXPECT_THAT(kinds(found), ElementsAre("missing", "version"));
  EXPECT_EQ(found[0].text, "a 1.0 needs `gone>=2`, which is not installed");
  EXPECT_EQ(found[1].text, "a 1.0 needs `b<2`, but b 2.1 is installed");
  EXPECT_THAT(found[1].fix, HasSubstr("b<2"));
}

TEST(Conflicts, OtherPythonsAreTold) {
  EXPECT_THAT(kinds(Wheels().add("a", "1.0", {"Requires-Python: >=3.12"}).conflicts()), ElementsAre("python"));
}

TEST(Conflicts, TwoDistributionsOfOneImportPackageAreTold) {
  const auto found = Wheels()
                         .add("opencv-python", "4.10", {}, {"cv2/__init__.py=a", "cv2/cv2.abi3.so=b"})
                         .add("opencv-python-headless", "4.10", {}, {"cv2/__init__.py=a", "cv2/cv2.abi3.so=c"})
                         .conflicts();
  EXPECT_THAT(kinds(found), ElementsAre("import"));
  EXPECT_THAT(found[0].text, HasSubstr("both bring `import cv2`"));
}

TEST(Conflicts, FilesCollideOnlyWhenTheyDiffer) {
  EXPECT_THAT(Wheels().add("a", "1", {}, {"LICENSE=x"}).add("b", "1", {}, {"LICENSE=x"}).conflicts(), IsEmpty());
  EXPECT_THAT(kinds(Wheels().add("a", "1", {}, {"LICENSE=x"}).add("b", "1", {}, {"LICENSE=y"}).conflicts()),
              ElementsAre("collision"));
  EXPECT_THAT(
      Wheels().add("a", "1", {}, {"google/__init__.py=x"}).add("b", "1", {}, {"google/__init__.py=x"}).conflicts(),
      IsEmpty());
}

TEST(Conflicts, OneDistributionTwiceIsTold) {
  EXPECT_THAT(kinds(Wheels().add("a", "1.0").add("a", "1.1").conflicts()), ElementsAre("twice"));
}

TEST(Conflicts, OneVersionInTwoPlacesIsNone) {
  EXPECT_THAT(Wheels().add("a", "1.0").add_in("opt/venv/lib/python3.11/site-packages/", "a", "1.0").conflicts(),
              IsEmpty());
}

TEST(Conflicts, WhatAPackageCarriesInsideIsNotInstalled) {  // setuptools 71 and later
  const std::string vendor = "setuptools/_vendor/";
  EXPECT_THAT(
      Wheels()
          .add("setuptools", "80.9.0", {}, {vendor + "packaging/__init__.py=a", vendor + "packaging/version.py=b"})
          .add_in(kSite + vendor, "packaging", "24.2", {"Requires-Dist: gone"},
                  {"packaging/__init__.py=a", "packaging/version.py=b"})
          .add_in(kSite + vendor, "typing-extensions", "4.12.2")
          .add("typing-extensions", "4.15.0")
          .add("pydantic", "2.12", {"Requires-Dist: typing-extensions>=4.14.1"})
          .conflicts(),
      IsEmpty());
}

TEST(Conflicts, DirectoriesOfOtherNamesAreInstalledIntoUnlessAPackageThereHasThem) {
  const auto found = Wheels()
                         .add_in("var/task/", "setuptools", "80.9.0", {"Requires-Dist: first"})
                         .add_in("var/task/setuptools/_vendor/", "packaging", "24.2", {"Requires-Dist: second"})
                         .conflicts();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("needs `first`"));
}

TEST(Conflicts, CondasCacheIsNotInstalled) {
  EXPECT_THAT(Wheels()
                  .add_in("opt/conda/lib/python3.11/site-packages/", "a", "1.1")
                  .add_in("opt/conda/pkgs/a-1.0-py311_0/lib/python3.11/site-packages/", "a", "1.0")
                  .add_in("opt/conda/pkgs/b-1.0-pyhd8ed1ab_0/site-packages/", "b", "1.0", {"Requires-Dist: gone"})
                  .conflicts(),
              IsEmpty());
}

TEST(Conflicts, ModulesForAnotherPythonAreToldUnlessOneFits) {
  Wheels wheels;
  wheels.module("a/x.cpython-310-x86_64-linux-gnu.so");
  EXPECT_THAT(kinds(wheels.conflicts()), ElementsAre("abi"));
  EXPECT_THAT(wheels.module("a/x.cpython-311-x86_64-linux-gnu.so").conflicts(), IsEmpty());
}

TEST(GpuCode, MachineCodeRunsOnItsMajorVersionAndPtxOnAllLaterOnes) {
  EXPECT_TRUE(runs_on({"sm_80"}, "80"));
  EXPECT_TRUE(runs_on({"sm_80"}, "89"));
  EXPECT_FALSE(runs_on({"sm_80"}, "90"));
  EXPECT_FALSE(runs_on({"sm_86"}, "80"));
  EXPECT_TRUE(runs_on({"compute_70"}, "90"));
  EXPECT_FALSE(runs_on({"compute_90"}, "80"));
}

TEST(GpuCode, IsThatOfTheLargestLibrary) {
  elf::Object one = library("libone.so"), two = library("libtwo.so");
  one.gpu_code = {"sm_80"};
  two.gpu_code = {"sm_90"};
  const std::vector<LayerScan> layers = {ScanBuilder().object("opt/libone.so", one).object("opt/libtwo.so", two, 100)};
  const auto found = find_gpu_code(layers, explain(layers), {"86", "120"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].code, ElementsAre("sm_90"));
  EXPECT_THAT(found[0].missing, ElementsAre("86", "120"));
}

}  // namespace
}  // namespace mlbuild
