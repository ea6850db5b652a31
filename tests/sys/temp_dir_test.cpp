#include "mlbuild/sys/temp_dir.hpp"

#include "io/throws.hpp"

#include "mlbuild/sys/atomic_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

TEST(TempDir, IsPrivateAndVanishesWithItsContent) {
  fs::path path;
  {
    const TempDir dir;
    path = dir.path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    write_file_atomically(path / "a/b/c", "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TempDir, MovingHandsOverTheDirectory) {
  TempDir first;
  const fs::path path = first.path();
  {
    const TempDir second = std::move(first);
    EXPECT_EQ(second.path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(RemoveTree, NeverFollowsLinks) {
  const TempDir outside;
  write_file_atomically(outside.path() / "precious", "x");
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  fs::create_directory(tree);
  fs::create_directory_symlink(outside.path(), tree / "link");
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_TRUE(fs::exists(outside.path() / "precious"));

  fs::create_directory_symlink(outside.path(), tree);  // the tree itself is a link: only the link goes
  remove_tree(tree);
  EXPECT_FALSE(fs::is_symlink(tree));
  EXPECT_TRUE(fs::exists(outside.path() / "precious"));
}

TEST(RemoveTree, CopesWithDirectoriesWithoutPermissions) {
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  for (const char* name : {"no-write", "no-read", "nothing"}) write_file_atomically(tree / name / "inner/file", "x");
  fs::permissions(tree / "no-write", fs::perms{0500});
  fs::permissions(tree / "no-read", fs::perms{0300});
  fs::permissions(tree / "nothing/inner", fs::perms{0});
  fs::permissions(tree / "nothing", fs::perms{0});
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
}

TEST(RemoveTree, RemovesTreesDeeperThanWeMayOpenDescriptors) {
  const TempDir dir;
  int fd = ::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int depth = 0; depth < 1500; ++depth) {
    ASSERT_EQ(::mkdirat(fd, "directory", 0700), 0);
    const int next = ::openat(fd, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(fd);
    fd = next;
  }
  ::close(fd);
  remove_tree(dir.path() / "directory");
  EXPECT_FALSE(fs::exists(dir.path() / "directory"));
}

TEST(RemoveTree, DoesNotMindWhatIsMissing) { remove_tree("/no/such/tree"); }

TEST(RemoveTree, RemovesAPlainFileAndAFifo) {
  const TempDir dir;
  write_file_atomically(dir.path() / "file", "x");
  ASSERT_EQ(::mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  remove_tree(dir.path() / "file");
  remove_tree(dir.path() / "fifo");
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(RemoveTree, ReportsWhatItCannotRemove) {
  test::expect_error(ErrorKind::Io, "cannot remove `/proc/self/status`", [] { remove_tree("/proc/self/status"); });
}

}  // namespace
}  // namespace mlbuild
