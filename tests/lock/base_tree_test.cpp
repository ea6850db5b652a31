#include "base_layers.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BaseTree, AWhiteoutHidesWhatLowerLayersBrought) {
  const BaseTree tree = tree_of({LayerTar().file("a/b/c").file("a/d"), LayerTar().file("a/.wh.b").file("a/e")});
  EXPECT_THAT(tree.names_in("a"), ElementsAre("d", "e"));
  EXPECT_FALSE(tree.exists("a/b/c"));
}

TEST(BaseTree, AWhiteoutNeverHidesItsOwnLayer) {
  const BaseTree tree = tree_of({LayerTar().file("a/old"), LayerTar().file("a/new").file(".wh.a")});
  EXPECT_THAT(tree.names_in("a"), ElementsAre("new"));
}

TEST(BaseTree, AnOpaqueDirectoryKeepsItsOwnLayerOnlyWhereverTheMarkStands) {
  for (const bool first : {true, false}) {
    LayerTar upper;
    if (first) upper.file("a/.wh..wh..opq");
    upper.file("a/sub/new");
    if (!first) upper.file("a/.wh..wh..opq");
    const BaseTree tree = tree_of({LayerTar().file("a/old").file("a/sub/old"), upper});
    EXPECT_THAT(tree.names_in("a"), ElementsAre("sub"));
    EXPECT_THAT(tree.names_in("a/sub"), ElementsAre("new"));
  }
}

TEST(BaseTree, AWhiteoutOfALowerDirectoryAndItsReturnInALaterLayer) {
  const BaseTree tree = tree_of({LayerTar().file("a/x"), LayerTar().file(".wh.a"), LayerTar().file("a/y")});
  EXPECT_THAT(tree.names_in("a"), ElementsAre("y"));
}

TEST(BaseTree, LinksAreFollowedWithinTheRoot) {
  const BaseTree tree = tree_of({LayerTar()
                                     .file("usr/lib/x")
                                     .link("lib", "usr/lib")
                                     .link("usr/up", "../../../usr/lib/x")
                                     .link("usr/absolute", "/lib/x")
                                     .link("usr/hard", "usr/lib/x", TarType::Hardlink)});
  EXPECT_EQ(tree.resolve("lib/x"), "usr/lib/x");
  EXPECT_EQ(tree.resolve("usr/up"), "usr/lib/x");
  EXPECT_EQ(tree.resolve("usr/absolute"), "usr/lib/x");
  EXPECT_EQ(tree.place("lib/python3.11/site-packages/"), "usr/lib/python3.11/site-packages");
}

TEST(BaseTree, AHardLinkOutlivesTheOtherName) {
  const std::string status = "Package: a\n";
  const BaseTree tree =
      tree_of({LayerTar().file("etc/os-release", status).link("copy", "etc/os-release", TarType::Hardlink),
               LayerTar().file("etc/.wh.os-release")});
  ASSERT_NE(tree.find("copy"), nullptr);
  EXPECT_EQ(tree.find("copy")->type, TarType::File);
  EXPECT_EQ(tree.find("copy")->text, status);
}

TEST(BaseTree, LinksInCirclesEndNowhere) {
  const BaseTree tree = tree_of({LayerTar().link("a", "b").link("b", "a").link("c", "c/c")});
  EXPECT_EQ(tree.resolve("a"), std::nullopt);
  EXPECT_EQ(tree.resolve("c/d"), std::nullopt);
  EXPECT_FALSE(tree.exists("b"));
}

TEST(BaseTree, AnEntryBelowALinkReplacesIt) {
  const BaseTree tree = tree_of({LayerTar().file("usr/lib/old").link("lib", "usr/lib"), LayerTar().file("lib/new")});
  EXPECT_THAT(tree.names_in("lib"), ElementsAre("new"));
  EXPECT_THAT(tree.names_in("usr/lib"), ElementsAre("old"));
}

TEST(BaseTree, AFileReplacesADirectoryAndAllBelow) {
  const BaseTree tree = tree_of({LayerTar().file("a/b/c"), LayerTar().file("a")});
  EXPECT_FALSE(tree.exists("a/b/c"));
  EXPECT_THAT(tree.names_in("a/b"), IsEmpty());
}

TEST(BaseTree, NamesNextToADirectoryAreNotTakenForItsContent) {
  const BaseTree tree = tree_of({LayerTar().file("d/a/x").file("d/a-b").file("d/a.c/y").file("d/a0")});
  EXPECT_THAT(tree.names_in("d"), ElementsAre("a", "a-b", "a.c", "a0"));
}

TEST(BaseTree, KeepsTheTextOfPackageDatabasesOnly) {
  const BaseTree tree = tree_of({LayerTar().file("var/lib/dpkg/status", "Package: a\n").file("etc/passwd", "root")});
  EXPECT_EQ(tree.find("var/lib/dpkg/status")->text, "Package: a\n");
  EXPECT_EQ(tree.find("etc/passwd")->text, std::nullopt);
}

void expect_refused(const std::string& tar) {
  BaseTree tree;
  try {
    add_layer(tree, tar);
    ADD_FAILURE() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.message();
  }
}

/// A header with another name than tar_header() would write.
std::string renamed(std::string tar, const std::string& name) {
  for (std::size_t i = 0; i < 100; ++i) tar[i] = i < name.size() ? name[i] : '\0';
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(tar[i]);
  for (std::size_t i = 0; i < 6; ++i) tar[148 + i] = static_cast<char>('0' + ((sum >> (15 - 3 * i)) & 7U));
  tar[154] = '\0';
  tar[155] = ' ';
  return tar;
}

TEST(BaseTree, HostileNamesAreRefused) {
  const std::string good = LayerTar().file("name").text();
  expect_refused(renamed(good, "../escape"));
  expect_refused(renamed(good, "/etc/passwd"));
  expect_refused(LayerTar().file("a/.wh...").text());
  expect_refused(good.substr(0, good.size() - 1024));
}

TEST(BaseTree, DevicesAndOddNamesArePassedOver) {
  std::string device = LayerTar().file("dev/null", "").text();
  device[156] = '3';
  BaseTree tree;
  add_layer(tree, renamed(device, "dev/null").substr(0, 512) + LayerTar().file("etc/x").text());
  EXPECT_FALSE(tree.exists("dev/null"));
  EXPECT_TRUE(tree.exists("etc/x"));
}

TEST(BaseTree, RepeatedHidingCostsOnceEach) {
  LayerTar lower;
  for (int i = 0; i < 400; ++i) lower.file("a/a/f" + std::to_string(i));
  LayerTar upper = lower;
  for (int i = 0; i < 400; ++i) upper.file("a/a/.wh.f" + std::to_string(i)).file("a/a/.wh..wh..opq");
  const BaseTree tree = tree_of({lower, upper});  // what it brings itself stays, at bounded cost
  EXPECT_EQ(tree.names_in("a/a").size(), 400U);
}

}  // namespace
}  // namespace mlbuild::test
