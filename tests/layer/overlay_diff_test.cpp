#include "mlbuild/layer/overlay_diff.hpp"

#include "support/layer_reading.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/sys/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Trees below and an upper directory, as the kernel would leave it.
class OverlayDiff : public ::testing::Test {
 protected:
  OverlayDiff() {
    ::umask(022);
    for (const fs::path& path : {upper_, lower_, top_}) make_directories(path);
    rules_.users = {{0, ::geteuid()}};
    rules_.groups = {{0, ::getegid()}};
  }

  static void put(const fs::path& path, std::string_view text = "text", mode_t mode = 0644) {
    make_directories(path.parent_path());
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  static void set(const fs::path& path, const char* attribute, const std::string& value) {
    ASSERT_EQ(::lsetxattr(path.c_str(), attribute, value.data(), value.size(), 0), 0) << path << attribute;
  }
  static void whiteout(const fs::path& path) {
    make_directories(path.parent_path());
    ASSERT_EQ(::mknod(path.c_str(), S_IFCHR, makedev(0, 0)), 0);
  }

  std::vector<OverlayEntry> read() const { return read_overlay(upper_, {lower_, top_}, rules_, Cancellation()); }
  std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const OverlayEntry& entry : read()) paths.push_back(entry.tar.path);
    return paths;
  }
  OverlayEntry entry(const std::string& path) const {
    for (OverlayEntry& entry : read()) {
      if (entry.tar.path == path) return entry;
    }
    ADD_FAILURE() << "no entry " << path;
    return {};
  }
  std::string refusal() const {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Step);
      std::string text = error.message();
      for (const Error& other : error.others()) text += "; " + other.message();
      return text;
    }
    return "nothing";
  }

  TempDir temp_;
  fs::path upper_ = temp_.path() / "upper";
  fs::path lower_ = temp_.path() / "lower";
  fs::path top_ = temp_.path() / "top";
  OverlayRules rules_;
};

TEST_F(OverlayDiff, NewFilesComeWithTheirDirectoriesInPathOrder) {
  put(upper_ / "b/c", "new", 0640);
  put(upper_ / "b.d");
  fs::create_symlink("../b", upper_ / "a");
  EXPECT_THAT(paths(), ElementsAre("a", "b", "b.d", "b/c"));
  EXPECT_EQ(entry("a").tar.link_target, "../b");
  EXPECT_EQ(entry("b/c").tar.mode, 0640U);
  EXPECT_EQ(entry("b/c").tar.size_bytes, 3U);
}

TEST_F(OverlayDiff, CopiesThatAreAsBeforeAreNoChange) {
  put(lower_ / "etc/same", "text");
  fs::create_symlink("same", lower_ / "etc/link");
  put(top_ / "etc/above", "of the upper tree");
  put(lower_ / "etc/above", "hidden");
  put(upper_ / "etc/same", "text");
  put(upper_ / "etc/above", "of the upper tree");
  fs::create_symlink("same", upper_ / "etc/link");
  EXPECT_THAT(paths(), ElementsAre());
}

TEST_F(OverlayDiff, ContentModeAndTargetAreChanges) {
  put(lower_ / "content", "old!");
  put(lower_ / "mode");
  put(lower_ / "dir/x");
  fs::create_symlink("a", lower_ / "target");
  put(upper_ / "content", "new!");
  put(upper_ / "mode", "text", 0755);
  make_directories(upper_ / "dir");
  ASSERT_EQ(::chmod((upper_ / "dir").c_str(), 0700), 0);
  fs::create_symlink("b", upper_ / "target");
  EXPECT_THAT(paths(), ElementsAre("content", "dir", "mode", "target"));
}

TEST_F(OverlayDiff, TypesMayChange) {
  put(lower_ / "was-file");
  put(lower_ / "was-directory/x");
  put(upper_ / "was-file/x");
  set(upper_ / "was-file", "user.overlay.opaque", "y");
  put(upper_ / "was-directory");
  EXPECT_THAT(paths(), ElementsAre("was-directory", "was-file", "was-file/x"));
}

TEST_F(OverlayDiff, BothFormsOfWhiteoutsHideWhatWasThere) {
  put(lower_ / "d/device");
  put(top_ / "d/attribute");
  whiteout(upper_ / "d/device");
  put(upper_ / "d/attribute", "");
  set(upper_ / "d/attribute", "user.overlay.whiteout", "");
  set(upper_ / "d", "user.overlay.opaque", "x");
  whiteout(upper_ / "d/never-was");
  EXPECT_THAT(paths(), ElementsAre("d", "d/.wh.attribute", "d/.wh.device"));
}

TEST_F(OverlayDiff, AWhiteoutWhoseMarkNoFileSystemTakesIsRefused) {
  const std::string longest(251, 'n');
  put(lower_ / ("d/" + longest));
  whiteout(upper_ / ("d/" + longest));
  EXPECT_THAT(paths(), ElementsAre("d", "d/.wh." + longest));
  put(lower_ / ("d/" + longest + "n"));
  whiteout(upper_ / ("d/" + longest + "n"));
  EXPECT_THAT(refusal(), HasSubstr("255 bytes"));
}

TEST_F(OverlayDiff, WhiteoutsThatAreOneFileAreNoHardLinks) {
  put(lower_ / "a");
  put(lower_ / "b");
  whiteout(upper_ / "a");
  fs::create_hard_link(upper_ / "a", upper_ / "b");
  EXPECT_THAT(paths(), ElementsAre(".wh.a", ".wh.b"));
  EXPECT_EQ(entry(".wh.b").tar.type, TarType::File);
}

TEST_F(OverlayDiff, ADirectoryThatWasReplacedHidesTheOldOneAndKeepsEqualFiles) {
  put(lower_ / "d/gone");
  put(lower_ / "d/sub/same");
  put(upper_ / "d/sub/same");
  set(upper_ / "d", "user.overlay.opaque", "y");
  EXPECT_THAT(paths(), ElementsAre("d", "d/.wh..wh..opq", "d/sub", "d/sub/same"));
}

TEST_F(OverlayDiff, WhatAMiddleTreeHidesWasNotThere) {
  put(lower_ / "d/file");
  put(lower_ / "e/file");
  whiteout(top_ / "d/file");
  make_directories(top_ / "e");
  set(top_ / "e", "user.overlay.opaque", "y");
  put(upper_ / "d/file");
  put(upper_ / "e/file");
  EXPECT_THAT(paths(), ElementsAre("d", "d/file", "e", "e/file"));
}

TEST_F(OverlayDiff, NamesOfOneFileStayOne) {
  put(lower_ / "old");
  put(upper_ / "old");
  fs::create_hard_link(upper_ / "old", upper_ / "x-new");
  EXPECT_THAT(paths(), ElementsAre("old", "x-new"));
  EXPECT_EQ(entry("old").tar.type, TarType::File);
  EXPECT_EQ(entry("x-new").tar.type, TarType::Hardlink);
  EXPECT_EQ(entry("x-new").tar.link_target, "old");
}

TEST_F(OverlayDiff, WhatIsLeftOutAndTheWayToItAreNoResult) {
  rules_.left_out = {"tmp", "inputs/data", "opt/in"};
  put(upper_ / "tmp/x");
  make_directories(upper_ / "inputs/data");
  put(upper_ / "opt/in");
  put(upper_ / "opt/out");
  ASSERT_EQ(::mkfifo((upper_ / "tmp/pipe").c_str(), 0644), 0);
  EXPECT_THAT(paths(), ElementsAre("opt", "opt/out"));
}

TEST_F(OverlayDiff, RefusesWhatNoLayerMayCarryAndNamesEachPath) {
  put(upper_ / "setuid", "x", 04755);
  put(upper_ / "odd");
  set(upper_ / "odd", "user.mine", "1");
  put(upper_ / "escaped");
  set(upper_ / "escaped", "user.overlay.overlay.opaque", "y");
  put(upper_ / ".wh.sly");
  put(upper_ / "line\nbreak");
  ASSERT_EQ(::mkfifo((upper_ / "pipe").c_str(), 0644), 0);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "sock";
  fs::current_path(upper_);
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  fs::current_path("/");
  const std::string text = refusal();
  for (const char* part : {"`/setuid`", "`/odd` cannot be part of a layer: it has the attribute `user.mine`",
                           "`/escaped`", "`/.wh.sly`", "`/line", "`/pipe` cannot be part of a layer: it is a FIFO",
                           "`/sock` cannot be part of a layer: it is a socket"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(OverlayDiff, RefusesDevicesAndCapabilities) {
  put(upper_ / "capable");
  const bool may_mknod = ::mknod((upper_ / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  // VFS_CAP_REVISION_2 with CAP_NET_RAW (capability.h)
  const unsigned char capability[20] = {0x01, 0x00, 0x00, 0x02, 0x00, 0x20};
  const bool may_cap =
      ::setxattr((upper_ / "capable").c_str(), "security.capability", capability, sizeof capability, 0) == 0;
  if (!may_mknod && !may_cap) GTEST_SKIP() << "only root can make them";
  const std::string text = refusal();
  EXPECT_THAT(text, HasSubstr(may_mknod ? "`/null` cannot be part of a layer: it is a device" : ""));
  EXPECT_THAT(
      text,
      HasSubstr(may_cap ? "`/capable` cannot be part of a layer: it has the attribute `security.capability`" : ""));
}

TEST_F(OverlayDiff, ListedSetIdFilesPass) {
  rules_.set_id_files = {"usr/bin/su"};
  put(upper_ / "usr/bin/su", "x", 04755);
  EXPECT_EQ(entry("usr/bin/su").tar.mode, 04755U);
}

TEST_F(OverlayDiff, OwnersAreThoseInside) {
  rules_.users = {{7, ::geteuid()}};
  rules_.groups = {{8, ::getegid()}};
  put(upper_ / "f");
  EXPECT_EQ(entry("f").tar.uid, 7U);
  EXPECT_EQ(entry("f").tar.gid, 8U);
  rules_.users = {{0, ::geteuid() + 1}};
  EXPECT_THAT(refusal(), HasSubstr(std::to_string(::geteuid())));
}

TEST_F(OverlayDiff, OwnersThatATreeCannotShowSurviveAChange) {
  TarEntry shadow;
  shadow.path = "etc/shadow";
  shadow.mode = 0;
  shadow.gid = 42;
  shadow.size_bytes = 4;
  TarEntry closed;
  closed.path = "closed";
  closed.type = TarType::Directory;
  closed.mode = 0055;
  const std::string tar = tar_header(closed) + tar_header(shadow) + "old\n" + std::string(508, '\0') +
                          std::string(as_text(tar_end_of_archive()));
  SpanSource source(as_bytes(tar));
  const fs::path tree = temp_.path() / "tree";
  unpack_layers({&source}, tree, Cancellation());
  fs::copy(tree, upper_, fs::copy_options::recursive);
  for (const char* path : {"etc/shadow", "closed"}) {  // as the kernel copies up
    char value[64];
    const ssize_t size = ::getxattr((tree / path).c_str(), "user.mlbuild.entry", value, sizeof value);
    ASSERT_GT(size, 0);
    ASSERT_EQ(::chmod((upper_ / path).c_str(), 0700), 0);
    set(upper_ / path, "user.mlbuild.entry", std::string(value, static_cast<std::size_t>(size)));
  }
  ASSERT_EQ(::chmod((upper_ / "etc/shadow").c_str(), 0400), 0);
  ASSERT_EQ(::chmod((upper_ / "closed").c_str(), 0755), 0);
  const auto read_now = [&] { return read_overlay(upper_, {tree}, rules_, Cancellation()); };
  EXPECT_TRUE(read_now().empty());
  ASSERT_EQ(::chmod((upper_ / "etc/shadow").c_str(), 0600), 0);
  std::ofstream(upper_ / "etc/shadow") << "new\n";
  ASSERT_EQ(::chmod((upper_ / "etc/shadow").c_str(), 0400), 0);
  put(upper_ / "closed/new");
  const std::vector<OverlayEntry> changed = read_now();
  ASSERT_EQ(changed.size(), 4U);
  EXPECT_EQ(changed[0].tar.mode, 0055U);
  EXPECT_EQ(changed[3].tar.path, "etc/shadow");
  EXPECT_EQ(changed[3].tar.gid, 42U);
  EXPECT_EQ(changed[3].tar.mode, 0U);
}

TEST_F(OverlayDiff, ModesThatKeepTheOwnerOutAreReadAndKept) {
  put(upper_ / "secret/key", "k", 0);
  ASSERT_EQ(::chmod((upper_ / "secret").c_str(), 0), 0);
  MemoryStore store;
  const OverlayLayerRecipe recipe(read(), KeyCard("test", 1), "step", 0);
  const test::ReadLayer layer = test::make_and_read(recipe, store);
  EXPECT_EQ(layer.mode("secret"), 0U);
  EXPECT_EQ(layer.mode("secret/key"), 0U);
  EXPECT_EQ(layer.content("secret/key"), "k");
}

TEST_F(OverlayDiff, BytesKnowNoTimesAndNoOrderOfNames) {
  const auto digest = [&](const std::vector<std::string>& names, std::time_t time) {
    const fs::path upper = temp_.path() / ("upper-" + names.front());
    for (const std::string& name : names) {
      put(upper / "d" / name, "text of " + name);
      const timespec times[2] = {{time, 0}, {time, 0}};
      EXPECT_EQ(::utimensat(AT_FDCWD, (upper / "d" / name).c_str(), times, 0), 0);
    }
    MemoryStore store;
    const OverlayLayerRecipe recipe(read_overlay(upper, {lower_}, rules_, Cancellation()), KeyCard("test", 1), "step",
                                    315532800);
    return test::make_and_read(recipe, store).facts.digest;
  };
  EXPECT_EQ(digest({"a", "b", "c"}, 1), digest({"c", "b", "a"}, 1000000000));
}

TEST_F(OverlayDiff, ALayerUnpackedOverTreesShowsTheUpperDirectory) {
  put(lower_ / "d/gone");
  put(lower_ / "d/stays");
  put(lower_ / "r/old");
  whiteout(upper_ / "d/gone");
  put(upper_ / "r/new");
  set(upper_ / "r", "user.overlay.opaque", "y");
  MemoryStore store;
  const OverlayLayerRecipe recipe(read(), KeyCard("test", 1), "step", 0);
  const LayerFacts facts = make_layer(recipe, store);
  const fs::path tree = temp_.path() / "tree";
  unpack_upper_layer(*store.stream(facts.digest), tree, Cancellation());
  const std::vector<fs::path> trees{lower_, tree};
  EXPECT_FALSE(find_in_trees(trees, "d/gone"));
  EXPECT_FALSE(find_in_trees(trees, "r/old"));
  EXPECT_EQ(find_in_trees(trees, "d/stays"), lower_ / "d/stays");
  EXPECT_EQ(find_in_trees(trees, "r/new"), tree / "r/new");
  EXPECT_TRUE(read_overlay(upper_, trees, rules_, Cancellation()).empty() ||
              read_overlay(upper_, trees, rules_, Cancellation()).front().tar.path == "r");  // opaque again
}

}  // namespace
}  // namespace mlbuild
