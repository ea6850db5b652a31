#include "mlbuild/layer/tree.hpp"

#include "support/tar_text.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/sys/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

class UnpackLayers : public ::testing::Test {
 protected:
  void unpack(const std::vector<TarText>& layers) {
    std::vector<std::string> texts;
    for (const TarText& layer : layers) texts.push_back(layer.text());
    std::vector<SpanSource> sources;
    for (const std::string& text : texts) sources.emplace_back(as_bytes(text));
    std::vector<Source*> pointers;
    for (SpanSource& source : sources) pointers.push_back(&source);
    unpack_layers(pointers, root_, cancellation_);
  }
  std::string text_of(const std::string& path) const { return read_text_file(root_ / path); }
  bool exists(const std::string& path) const {
    return fs::symlink_status(root_ / path).type() != fs::file_type::not_found;
  }
  unsigned mode_of(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::lstat((root_ / path).c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }

  TempDir temp_;
  fs::path root_ = temp_.path() / "root";
  Cancellation cancellation_;
};

TEST_F(UnpackLayers, MakesFilesDirectoriesAndLinks) {
  unpack({TarText()
              .directory("d")
              .file("d/f", "text", 0755)
              .other(TarType::Symlink, "d/s", "../../f")
              .other(TarType::Hardlink, "h", "d/f")});
  EXPECT_EQ(text_of("d/f"), "text");
  EXPECT_EQ(fs::read_symlink(root_ / "d/s"), "../../f");
  EXPECT_TRUE(fs::equivalent(root_ / "h", root_ / "d/f"));
  EXPECT_EQ(mode_of("d/f"), 0755U);
}

TEST_F(UnpackLayers, ReadsGzipAsWell) {
  const Bytes gzip = Deflater(6).gzip_member(as_bytes(TarText().file("f", "text").text()));
  SpanSource source(gzip);
  unpack_layers({&source}, root_, cancellation_);
  EXPECT_EQ(text_of("f"), "text");
}

TEST_F(UnpackLayers, WhatExpandsBeyondTheLimitIsRefused) {
  const Bytes gzip = Deflater(6).gzip_member(as_bytes(TarText().file("f", std::string(16U << 20U, '\0')).text()));
  SpanSource bomb(gzip);
  EXPECT_THROW(unpack_layers({&bomb}, root_, cancellation_, {1U << 20U, 100}), Error);
  EXPECT_LT(fs::file_size(root_ / "f"), 4U << 20U);
  SpanSource same(gzip);
  EXPECT_NO_THROW(unpack_layers({&same}, root_, cancellation_, {16U << 20U, 2000}));
}

TEST_F(UnpackLayers, KeepsModesButLetsTheOwnerIntoDirectories) {
  const mode_t before = ::umask(077);
  unpack(
      {TarText().directory("sticky", 01777).directory("closed", 0055).file("closed/f", "text", 0444).file("x/y", "")});
  ::umask(before);
  EXPECT_EQ(mode_of("sticky"), 01777U);
  EXPECT_EQ(mode_of("closed"), 0755U);
  EXPECT_EQ(mode_of("closed/f"), 0444U);
  EXPECT_EQ(mode_of("x"), 0755U);
}

TEST_F(UnpackLayers, UpperLayerReplaces) {
  unpack({TarText().file("f", "old").directory("d").file("d/x", "old").other(TarType::Symlink, "s", "f"),
          TarText().file("f", "new").file("d", "now a file").file("s", "no link")});
  EXPECT_EQ(text_of("f"), "new");
  EXPECT_EQ(text_of("d"), "now a file");
  EXPECT_EQ(text_of("s"), "no link");
}

TEST_F(UnpackLayers, ReplacingOneHardLinkLeavesTheOther) {
  unpack({TarText().file("a", "old").other(TarType::Hardlink, "b", "a"), TarText().file("b", "new")});
  EXPECT_EQ(text_of("a"), "old");
  EXPECT_EQ(text_of("b"), "new");
}

TEST_F(UnpackLayers, WhiteoutRemovesWhatLowerLayersBrought) {
  unpack({TarText().directory("d").file("d/a").file("d/b").directory("e").file("e/x"),
          TarText().file("d/.wh.a").file(".wh.e").file(".wh.absent").file("absent/.wh.too")});
  EXPECT_FALSE(exists("d/a"));
  EXPECT_TRUE(exists("d/b"));
  EXPECT_FALSE(exists("e"));
  EXPECT_FALSE(exists("d/.wh.a"));
}

TEST_F(UnpackLayers, OpaqueWhiteoutKeepsTheOwnLayersFiles) {
  const TarText lower = TarText().directory("d").file("d/old").directory("d/sub").file("d/sub/old");
  unpack({lower, TarText().directory("d").file("d/new").file("d/sub/new").file("d/.wh..wh..opq")});
  EXPECT_TRUE(exists("d/new"));
  EXPECT_TRUE(exists("d/sub/new"));
  EXPECT_FALSE(exists("d/old"));
  EXPECT_FALSE(exists("d/sub/old"));
}

TEST_F(UnpackLayers, WhiteoutBesideTheOwnFileKeepsIt) {
  unpack({TarText().file("f", "old"), TarText().file("f", "new").file(".wh.f")});
  EXPECT_EQ(text_of("f"), "new");
}

TEST_F(UnpackLayers, WhiteoutOfParentIsRefused) {
  for (const char* name : {"d/.wh..", "d/.wh...", "d/.wh."}) {
    EXPECT_THROW(unpack({TarText().directory("d").file(name)}), Error) << name;
  }
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(UnpackLayers, NothingIsWrittenThroughALink) {
  const fs::path outside = temp_.path() / "outside";
  fs::create_directory(outside);
  unpack({TarText().other(TarType::Symlink, "out", outside.string()).file("out/f", "text")});
  EXPECT_TRUE(fs::is_empty(outside));
  EXPECT_EQ(text_of("out/f"), "text");
  unpack({TarText().other(TarType::Symlink, "up", "..").file("up/.wh.outside")});
  EXPECT_TRUE(fs::exists(outside));
}

TEST_F(UnpackLayers, FileIsNotWrittenThroughALinkOfItsName) {
  const fs::path victim = temp_.path() / "victim";
  write_file_atomically(victim, "precious");
  unpack({TarText().other(TarType::Symlink, "f", victim.string()), TarText().file("f", "text")});
  EXPECT_EQ(read_text_file(victim), "precious");
  EXPECT_EQ(text_of("f"), "text");
}

TEST_F(UnpackLayers, HardLinkThroughALinkIsRefused) {
  write_file_atomically(temp_.path() / "victim", "precious");
  EXPECT_THROW(unpack({TarText().other(TarType::Symlink, "up", "..").other(TarType::Hardlink, "h", "up/victim")}),
               Error);
}

TEST_F(UnpackLayers, HardLinkToAbsentFileOrDirectoryIsForeign) {
  for (const char* target : {"absent", "d", "absent/x"}) {
    try {
      unpack({TarText().directory("d").other(TarType::Hardlink, "h", target)});
      FAIL() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign) << target;
    }
  }
}

TEST_F(UnpackLayers, ReplacedDirectoryIsForgotten) {
  // The second entry below `d` must not go to the descriptor of the directory that was removed in between.
  unpack({TarText().file("d/e/a", "1").file("d", "file").file("d/e/b", "2")});
  EXPECT_EQ(text_of("d/e/b"), "2");
  EXPECT_FALSE(exists("d/e/a"));
}

TEST_F(UnpackLayers, StopsWhenAsked) {
  cancellation_.request();
  EXPECT_THROW(unpack({TarText().file("f", "text")}), Error);
}

}  // namespace
}  // namespace mlbuild
