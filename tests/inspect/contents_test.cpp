#include "mlbuild/inspect/contents.hpp"

#include "support/tar_text.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/inspect/image_diff.hpp"
#include "mlbuild/io/deflate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LayerScan scan_text(const std::string& text) {
  SpanSource source(as_bytes(text));
  return scan_layer(source, Cancellation());
}

LayerScan scan_of(const TarText& tar) { return scan_text(tar.text()); }

ImageContents contents_of(const std::vector<TarText>& layers) {
  std::vector<LayerScan> scans;
  for (const TarText& layer : layers) scans.push_back(scan_of(layer));
  return explain(scans);
}

std::vector<std::string> paths_of(const ImageContents& contents) {
  std::vector<std::string> paths;
  for (const ContentFile& file : contents.files) paths.push_back(file.path);
  return paths;
}

const ContentPackage& package_of(const ImageContents& contents, const std::string& path) {
  const auto file = std::ranges::find(contents.files, path, &ContentFile::path);
  return contents.packages.at(file->package);
}

/// site-packages with one distribution of one module.
TarText wheel(const std::string& name, const std::string& version, const std::string& module_text) {
  const std::string site = "usr/local/lib/python3.11/site-packages/";
  const std::string info = site + name + "-" + version + ".dist-info/";
  return TarText()
      .file(site + name + "/__init__.py", module_text)
      .file("usr/local/bin/" + name, "#!python")
      .file(info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n\n")
      .file(info + "RECORD", name + "/__init__.py,,\n../../../bin/" + name + ",,\n" + name + "-" + version +
                                 ".dist-info/METADATA,,\n" + name + "-" + version + ".dist-info/RECORD,,\n");
}

TEST(ScanLayer, GivesEveryCompressedByteToAnEntry) {
  TarText tar;
  tar.file("small", "a").file("large", std::string(300'000, 'x')).directory("d");
  const std::string text = tar.text();
  const Bytes member = Deflater(6).gzip_member(as_bytes(text));
  const std::string packed(as_text(member));
  const LayerScan scan = scan_text(packed);
  std::uint64_t sum = 0;
  for (const ScannedEntry& entry : scan.entries) sum += entry.compressed_size_bytes;
  EXPECT_EQ(sum, packed.size());
  EXPECT_EQ(scan.plain_size_bytes, text.size());
}

TEST(ScanLayer, WhatOnlyEstargzNeedsIsNoFileOfTheImage) {
  const TarText lazy = TarText().file(".no.prefetch.landmark", "\x0F").file("a", "a").file("stargz.index.json", "{}");
  const TarText other = TarText().file("stargz.index.json", "{}").file("z", "z");
  EXPECT_THAT(paths_of(contents_of({lazy, lazy})), ElementsAre("a"));
  EXPECT_EQ(contents_of({lazy, lazy}).hidden[0].files, 1U);  // the lower `a`
  EXPECT_THAT(paths_of(contents_of({other})), ElementsAre("stargz.index.json", "z"));
}

TEST(ScanLayer, ATableBehindTheTarIsNoFilesShare) {
  const Bytes tar = Deflater(6).gzip_member(as_bytes(TarText().file("a", "a").text()));
  std::string packed(as_text(tar));
  const std::string empty(as_text(Deflater(6).gzip_member(ByteSpan())));
  while (packed.size() < 200'000) packed += empty;  // as skippable frames are, many bytes of no content
  EXPECT_LE(scan_text(packed).entries.at(0).compressed_size_bytes, 65'536U);
}

TEST(ScanLayer, IsKeptAndReadAgain) {
  const LayerScan scan = scan_of(wheel("one", "1.0", "x = 1"));
  EXPECT_EQ(parse_layer_scan(to_json(scan)), scan);
  EXPECT_THROW(parse_layer_scan("{}"), Error);
  EXPECT_THROW(parse_layer_scan(R"({"entries":[["a",7,0,0,0]],"plain_size":0,"texts":{}})"), Error);
}

TEST(Explain, AFileBelongsToTheDistributionWhoseRecordNamesIt) {
  const ImageContents contents = contents_of({wheel("one", "1.0", "x = 1").file("app/main.py", "import one")});
  EXPECT_EQ(package_of(contents, "usr/local/bin/one").name, "one");
  EXPECT_EQ(package_of(contents, "usr/local/bin/one").version, "1.0");
  EXPECT_EQ(package_of(contents, "app/main.py").kind, "files");
}

TEST(Explain, DebianPackagesAreFoundInBothForms) {
  const ImageContents contents =
      contents_of({TarText()
                       .file("usr/lib/libone.so", "one")
                       .file("usr/lib/libtwo.so", "two")
                       .file("var/lib/dpkg/info/libone:amd64.list", "/.\n/lib\n/lib/libone.so\n")
                       .file("var/lib/dpkg/status", "Package: libone\nStatus: install ok installed\nVersion: 1-1\n\n")
                       .file("var/lib/dpkg/status.d/libtwo", "Package: libtwo\nVersion: 2-1\n")
                       .file("var/lib/dpkg/status.d/libtwo.md5sums", "0123  usr/lib/libtwo.so\n")});
  EXPECT_EQ(package_of(contents, "usr/lib/libone.so").name, "libone");
  EXPECT_EQ(package_of(contents, "usr/lib/libtwo.so").version, "2-1");
}

TEST(Explain, WhatLayersAboveReplaceOrDeleteIsHidden) {
  const ImageContents contents = contents_of({TarText()
                                                  .file("a", "1234")
                                                  .file("gone/x", "12")
                                                  .file("opaque/y", "123")
                                                  .file("kept", "1")
                                                  .file("dir/z", "12345"),
                                              TarText()
                                                  .file("a", "12")
                                                  .file(".wh.gone")
                                                  .file("opaque/.wh..wh..opq")
                                                  .file("opaque/new", "1")
                                                  .other(TarType::Symlink, "dir", "elsewhere")});
  EXPECT_THAT(paths_of(contents), ElementsAre("a", "kept", "opaque/new"));
  EXPECT_EQ(contents.hidden[0].plain_bytes, 4U + 2 + 3 + 5);
  EXPECT_EQ(contents.hidden[0].files, 4U);
  EXPECT_EQ(contents.hidden[1].files, 0U);
}

TEST(Explain, ADistributionThatWasReplacedIsNotThereTwice) {
  const ImageContents contents =
      contents_of({wheel("one", "1.0", "old"),
                   wheel("one", "2.0", "new").file("usr/local/lib/python3.11/site-packages/.wh.one-1.0.dist-info")});
  std::vector<std::string> versions;
  for (const ContentPackage& package : contents.packages) {
    if (package.kind == "wheel") versions.push_back(package.version);
  }
  EXPECT_THAT(versions, ElementsAre("2.0"));
}

TEST(Explain, WhatADistributionCarriesInsideIsPartOfIt) {
  const std::string site = "usr/local/lib/python3.11/site-packages/", inner = "one/_vendor/two-2.0.dist-info/";
  const std::string info = site + "one-1.0.dist-info/";
  const ImageContents contents =
      contents_of({TarText()
                       .file(info + "METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n\n")
                       .file(info + "RECORD", inner + "METADATA,,\none/_vendor/two.py,,\n")
                       .file(site + inner + "METADATA", "Metadata-Version: 2.1\nName: two\nVersion: 2.0\n\n")
                       .file(site + inner + "RECORD", "two.py,,\n")
                       .file(site + "one/_vendor/two.py", "x = 1")});
  EXPECT_EQ(contents.packages.size(), 2U);  // `one` and what belongs to none
  EXPECT_EQ(package_of(contents, site + "one/_vendor/two.py").name, "one");
}

TEST(Explain, CopiesAreTold) {
  const std::string same(5000, 's');
  const ImageContents contents = contents_of(
      {TarText().file("a", same).file("b", same).file("c", std::string(5000, 't')).file("d", "s").file("e", "s")});
  ASSERT_EQ(contents.duplicates.size(), 1U);
  EXPECT_EQ(contents.duplicates[0].wasted_bytes(), 5000U);
}

TEST(Explain, AnEmptyImageHasNothing) {
  const ImageContents contents = explain({});
  EXPECT_THAT(contents.files, IsEmpty());
  EXPECT_EQ(contents.sum().files, 0U);
}

TEST(FileCategory, IsFoundByPath) {
  const std::map<std::string, FileCategory> expected{
      {"root/.cache/pip/http/0/1", FileCategory::Cache},
      {"var/lib/apt/lists/x_Packages", FileCategory::Cache},
      {"usr/bin/x86_64-linux-gnu-gcc-12", FileCategory::Compiler},
      {"usr/bin/gcc", FileCategory::Compiler},
      {"usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", FileCategory::Compiler},
      {"usr/include/stdio.h", FileCategory::Header},
      {"site/numpy/core/include/numpy/ndarraytypes.h", FileCategory::Header},
      {"site/numpy/core/lib/libnpymath.a", FileCategory::StaticLibrary},
      {"site/pandas/tests/test_x.py", FileCategory::Test},
      {"site/numpy/__init__.pyi", FileCategory::TypeStub},
      {"usr/share/man/man1/ls.1.gz", FileCategory::Documentation},
      {"usr/bin/mygcc", FileCategory::Needed},
      {"usr/share/gcc", FileCategory::Needed},
      {"site/latest/contests.py", FileCategory::Needed},
  };
  for (const auto& [path, category] : expected) EXPECT_EQ(category_of(path), category) << path;
}

TEST(DiffImages, TellsByPackageWhatGrew) {
  const ImageContents before = contents_of({wheel("one", "1.0", "x"), wheel("old", "1.0", "y")});
  const ImageContents after = contents_of({wheel("one", "1.1", std::string(9000, 'x')), wheel("new", "3.0", "z")});
  const ImageDiff diff = diff_images(before, after);
  std::map<std::string, const PackageChange*> changes;
  for (const PackageChange& change : diff.packages) changes[change.name] = &change;
  EXPECT_EQ(diff.packages.front().name, "one");
  EXPECT_EQ(changes.at("one")->after_version, "1.1");
  EXPECT_TRUE(changes.at("new")->is_new());
  EXPECT_TRUE(changes.at("old")->is_gone());
}

TEST(DiffImages, EqualImagesDifferInNothing) {
  const ImageContents image = contents_of({wheel("one", "1.0", "x")});
  EXPECT_THAT(diff_images(image, image).packages, IsEmpty());
  EXPECT_THAT(diff_images(image, image).files, IsEmpty());
}

TEST(DiffImages, OneVersionWithOtherFilesIsAChange) {
  const ImageDiff diff =
      diff_images(contents_of({wheel("one", "1.0", "x = 1")}), contents_of({wheel("one", "1.0", "x = 2")}));
  ASSERT_EQ(diff.packages.size(), 1U);
  ASSERT_EQ(diff.files.size(), 1U);
  EXPECT_EQ(diff.files[0].package, "wheel one");
  EXPECT_EQ(diff.files[0].kind, FileChange::Kind::Changed);
}

TEST(DiffConfigs, NamesTheMembersThatDiffer) {
  oci::ImageConfig before, after;
  before.env = {"A=1", "B=2"};
  after.env = {"A=1", "B=3", "C="};
  after.cmd = {"python", "main.py"};
  EXPECT_THAT(diff_configs(before, after),
              ElementsAre(ConfigChange{"cmd", "", "python main.py"}, ConfigChange{"env B", "2", "3"}));
}

}  // namespace
}  // namespace mlbuild
