#include "mlbuild/sys/temp_dir.hpp"

#include "io/throws.hpp"
#include "support/ordinary_user.hpp"

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

/// `depth` directories in each other below `parent`, of mode `mode`.
void make_deep_tree(const fs::path& parent, int depth, mode_t mode) {
  Fd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdirat(fd.get(), "directory", 0700), 0);
    Fd next(::openat(fd.get(), "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(next.valid());
    ASSERT_EQ(::fchmod(fd.get(), i == 0 ? 0700 : mode), 0);
    fd = std::move(next);
  }
}

TEST(RemoveTree, RemovesTreesDeeperThanWeMayOpenDescriptors) {
  const TempDir dir;
  make_deep_tree(dir.path(), 1500, 0700);
  remove_tree(dir.path() / "directory");
  EXPECT_FALSE(fs::exists(dir.path() / "directory"));
}

TEST(RemoveTree, RemovesDeepTreesThatNobodyMayChange) {
  const test::OrdinaryUser user;
  const TempDir dir;
  for (const mode_t mode : {0555U, 0U}) {
    make_deep_tree(dir.path(), 350, mode);
    remove_tree(dir.path() / "directory");
    EXPECT_FALSE(fs::exists(dir.path() / "directory"));
  }
}

TEST(RemoveTree, NamesThatItWouldGiveMayBeThere) {
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  fs::create_directories(tree / ".mlbuild-removed-1");
  make_deep_tree(tree / ".mlbuild-removed-1", 350, 0700);
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
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
