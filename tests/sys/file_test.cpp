#include "mlbuild/sys/file.hpp"

#include "io/throws.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using test::expect_error;

std::size_t entries_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(Fd, MovesItsDescriptorAndClosesItOnce) {
  Fd first = open_read("/dev/null");
  const int raw = first.get();
  const Fd second = std::move(first);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(second.get(), raw);
}

TEST(ThrowErrno, NamesThePathAndGivesAWayOutWhenTheDiskIsFull) {
  try {
    throw_errno(ENOSPC, "write", "some/file");
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "cannot write `some/file`: No space left on device");
    EXPECT_NE(error.hint_text().find("store gc"), std::string::npos);
  }
}

TEST(OpenRead, ReportsAMissingFile) {
  expect_error(ErrorKind::Io, "cannot open `/no/such/file`: No such file", [] { open_read("/no/such/file"); });
}

TEST(AtomicFile, AppearsOnlyWithCommitAndWithItsMode) {
  const TempDir dir;
  const fs::path path = dir.path() / "deep/er/file";
  AtomicFile file(path, 0640);
  file.write(as_bytes("content"));
  EXPECT_FALSE(fs::exists(path));
  file.commit();
  EXPECT_EQ(read_text_file(path), "content");
  EXPECT_EQ(entries_in(path.parent_path()), 1U);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms{0640});
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TempDir dir;
  { AtomicFile(dir.path() / "file").write(as_bytes("x")); }
  EXPECT_EQ(entries_in(dir.path()), 0U);
}

TEST(AtomicFile, WhatTheDeadLeftIsRemovedAndWhatTheLivingWriteIsNot) {
  const TempDir dir;
  write_file_atomically(dir.path() / ".mlbuild-tmp-dead00", "left behind");
  write_file_atomically(dir.path() / "other", "not ours");
  AtomicFile file(dir.path() / "file");
  file.write(as_bytes("x"));
  remove_abandoned_files(dir.path());
  file.commit();
  EXPECT_FALSE(std::filesystem::exists(dir.path() / ".mlbuild-tmp-dead00"));
  EXPECT_TRUE(std::filesystem::exists(dir.path() / "other"));
  EXPECT_TRUE(std::filesystem::exists(dir.path() / "file"));
}

TEST(AtomicFile, ReplacesAnOldFileAsAWhole) {
  const TempDir dir;
  const fs::path path = dir.path() / "file";
  write_file_atomically(path, "old, and longer");
  const DiskFile reader(path);
  write_file_atomically(path, "new");
  EXPECT_EQ(read_text_file(path), "new");
  EXPECT_EQ(as_text(read_all(reader, 100)), "old, and longer");  // who had it open keeps what it was
}

TEST(AtomicFile, WorksForNamesOfTheGreatestLength) {
  const TempDir dir;
  const fs::path path = dir.path() / std::string(255, 'n');
  write_file_atomically(path, "x");
  EXPECT_EQ(read_text_file(path), "x");
}

TEST(DiskFile, ReadsAtPositionsAndRefusesToLeaveTheFile) {
  const TempDir dir;
  write_file_atomically(dir.path() / "f", "abcdef");
  const DiskFile file(dir.path() / "f");
  Bytes three(3);
  file.read_at(2, three);
  EXPECT_EQ(as_text(three), "cde");
  EXPECT_EQ(file.size_bytes(), 6U);
  expect_error(ErrorKind::Foreign, "leaves", [&] { file.read_at(4, three); });
  expect_error(ErrorKind::Foreign, "leaves", [&] { file.read_at(~std::uint64_t{0} - 1, three); });
}

TEST(DiskFile, ReportsAFileThatShrank) {
  const TempDir dir;
  write_file_atomically(dir.path() / "f", "abcdef");
  const DiskFile file(dir.path() / "f");
  fs::resize_file(dir.path() / "f", 2);
  Bytes three(3);
  expect_error(ErrorKind::Io, "became shorter", [&] { file.read_at(2, three); });
}

TEST(DiskFile, IsNoDirectory) {
  expect_error(ErrorKind::Io, "is not a file", [] { DiskFile("/tmp"); });
}

TEST(ReadTextFile, NamesTheFileThatIsTooLarge) {
  const TempDir dir;
  write_file_atomically(dir.path() / "f", "abcdef");
  try {
    read_text_file(dir.path() / "f", 5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.context(), std::vector<std::string>{"reading `" + (dir.path() / "f").string() + "`"});
  }
}

TEST(FileLock, ExcludesOthersUntilItIsReleased) {
  const TempDir dir;
  const fs::path path = dir.path() / "lock";
  {
    const FileLock shared(path, FileLock::Mode::Shared);
    EXPECT_TRUE(FileLock::try_lock(path, FileLock::Mode::Shared).held());
    EXPECT_FALSE(FileLock::try_lock(path, FileLock::Mode::Exclusive).held());
  }
  const FileLock exclusive(path, FileLock::Mode::Exclusive);
  EXPECT_FALSE(FileLock::try_lock(path, FileLock::Mode::Shared).held());
}

}  // namespace
}  // namespace mlbuild
