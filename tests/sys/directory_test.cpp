#include "mlbuild/sys/directory.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;

TEST(Directory, IsMadeWithThoseAboveAndMayBeThere) {
  const TempDir home;
  const auto deep = home.path() / "a" / "b";
  make_directories(deep);
  make_directories(deep);
  sync_directory(deep);
  EXPECT_TRUE(std::filesystem::is_directory(deep));
}

TEST(Directory, BelowAFileIsAnErrorThatNamesIt) {
  const TempDir home;
  write_file_atomically(home.path() / "file", "x");
  try {
    make_directories(home.path() / "file" / "below");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_THAT(error.message(), HasSubstr("file/below"));
  }
  EXPECT_THROW(sync_directory(home.path() / "none"), Error);
}

}  // namespace
}  // namespace mlbuild
