// What is found of what a run has written: docs/sandbox.md, "Limits".
#include "../../src/sandbox/disk_watch.hpp"

#include "../../src/sandbox/helper_job.hpp"

#include "mlbuild/sys/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytes = 1 << 20;

class DiskWatchTest : public ::testing::Test {
 protected:
  static void write_file(const fs::path& path) { std::ofstream(path) << std::string(kFileBytes, 'x'); }
  bool is_exceeded(std::uint64_t limit_bytes) const {
    return DiskWatch({directory.path()}, limit_bytes).is_exceeded(::getpid());
  }
  bool finds_one_file() const { return is_exceeded(kFileBytes / 2) && !is_exceeded(kFileBytes * 2); }
  static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & ~static_cast<mode_t>(S_IFMT);
  }

  TempDir directory;
};

/// Nests directories of this name as deep, and leaves a file in the last one.
void nest(const fs::path& top, const std::string& name, int depth) {
  Fd last(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdirat(last.get(), name.c_str(), 0700), 0);
    last = Fd(::openat(last.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const Fd file(::openat(last.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string bytes(kFileBytes, 'x');
  ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

TEST_F(DiskWatchTest, AddsUpFilesAndDirectories) {
  EXPECT_FALSE(is_exceeded(kFileBytes / 2));
  fs::create_directory(directory.path() / "one");
  write_file(directory.path() / "one/file");
  EXPECT_TRUE(finds_one_file());
  fs::create_hard_link(directory.path() / "one/file", directory.path() / "linked");
  EXPECT_TRUE(finds_one_file());
}

TEST_F(DiskWatchTest, FilesWhosePathsAreTooLongToSayCount) {
  nest(directory.path(), std::string(250, 'd'), 20);
  EXPECT_TRUE(finds_one_file());
}

TEST_F(DiskWatchTest, WhatIsNestedDeeperThanWeLookIsTooMuch) {
  nest(directory.path(), "d", 850);
  EXPECT_FALSE(is_exceeded(kFileBytes * 1000));
  nest(directory.path(), "e", 1000);
  EXPECT_TRUE(is_exceeded(kFileBytes * 1000));
}

TEST_F(DiskWatchTest, WhatLiesInLockedDirectoriesCountsAndTheyStayLocked) {
  const fs::path locked = directory.path() / "locked";
  fs::create_directories(locked / "inner");
  write_file(locked / "inner/file");
  for (const mode_t mode : {mode_t{0}, mode_t{0300}, mode_t{0400}}) {
    for (const fs::path& path : {locked / "inner", locked}) ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_TRUE(finds_one_file()) << mode;
    EXPECT_EQ(mode_of(locked), mode);
    ASSERT_EQ(::chmod(locked.c_str(), 0700), 0);
    EXPECT_EQ(mode_of(locked / "inner"), mode);
    ASSERT_EQ(::chmod((locked / "inner").c_str(), 0700), 0);
  }
}

TEST_F(DiskWatchTest, LinksAreNotFollowed) {
  const TempDir other;
  write_file(other.path() / "file");
  fs::create_directory_symlink(other.path(), directory.path() / "link");
  fs::create_symlink(other.path() / "file", directory.path() / "file");
  EXPECT_FALSE(is_exceeded(kFileBytes / 2));
}

TEST_F(DiskWatchTest, DeletedFilesThatAreOpenCount) {
  const Fd file(::open(directory.path().c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  const std::string bytes(kFileBytes, 'x');
  ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_TRUE(finds_one_file());
}

TEST_F(DiskWatchTest, EmptyFilesCountAsABlockEach) {
  for (int i = 0; i < 1000; ++i) std::ofstream(directory.path() / std::to_string(i)) << "";
  EXPECT_TRUE(is_exceeded(1000 * 4096));
  EXPECT_FALSE(is_exceeded(1010 * 4096));
}

TEST_F(DiskWatchTest, ALookEndsWithoutAnAnswerWhenItsCallerIsWanted) {
  for (int i = 0; i < 5000; ++i) std::ofstream(directory.path() / std::to_string(i)) << "";
  DiskWatch watch({directory.path()}, 4000 * 4096);
  int questions = 0;
  EXPECT_TRUE(watch.is_exceeded(::getpid(), [&] { return ++questions < 0; }));
  EXPECT_GE(questions, 5);
  questions = 0;
  EXPECT_FALSE(watch.is_exceeded(::getpid(), [&] { return ++questions == 2; }));
  EXPECT_EQ(questions, 2);
}

TEST_F(DiskWatchTest, TheNextLookIsNeverFarAwayHoweverLongThisOneTook) {
  for (int i = 0; i < 600; ++i) std::ofstream(directory.path() / std::to_string(i)) << "";
  DiskWatch watch({directory.path()}, kFileBytes * 100);
  watch.is_exceeded(::getpid(), [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return false;
  });
  EXPECT_LE(watch.next_look(), std::chrono::steady_clock::now() + std::chrono::seconds(5));
}

TEST_F(DiskWatchTest, PlacesAreAddedUpAndMayBeFiles) {
  write_file(directory.path() / "one");
  write_file(directory.path() / "two");
  const std::vector<fs::path> places = {directory.path() / "one", directory.path() / "two"};
  EXPECT_TRUE(DiskWatch(places, kFileBytes * 3 / 2).is_exceeded(::getpid()));
  EXPECT_FALSE(DiskWatch(places, kFileBytes * 3).is_exceeded(::getpid()));
}

TEST_F(DiskWatchTest, APlaceThatIsNotThereIsAFailure) {
  EXPECT_THROW(DiskWatch({directory.path() / "missing"}, 1), SetupFailure);
}

}  // namespace
}  // namespace mlbuild
