#include "mlbuild/python/tags.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace mlbuild::python {
namespace {

TargetPlatform target(std::string python, std::string machine) {
  return {std::move(python), std::move(machine), 2, 36};
}

std::string digest_of(const TargetPlatform& platform) { return sha256(join(compatible_tags(platform), "\n")).hex(); }

// SHA-256 of the newline-joined lists that packaging.tags 26.3 gives: cpython_tags, then compatible_tags.
TEST(CompatibleTags, EqualPackagingsListTagByTag) {
  EXPECT_EQ(digest_of(target("3.11", "x86_64")), "d6379b984621391668e1d5bb809100c69d62e26eff39aa4fa3b8d93c4cc07da6");
  EXPECT_EQ(digest_of(target("3.11", "aarch64")), "0f91229a6bcb76983996ed5df93b0569db8f9a0d5afe8060ab9ef1766d9d0a6b");
  EXPECT_EQ(digest_of(target("3.9", "x86_64")), "6d925517666125cc7e652942f42d90005029bffd5e8352329b1cfa0358a8f60f");
}

TEST(CompatibleTags, RefuseWhatIsNoPythonVersion) {
  for (const char* version : {"", "3", "three.eleven", "3.99999", "3.11rc1"})
    EXPECT_THROW(compatible_tags(target(version, "x86_64")), Error) << version;
}

TEST(RankWheel, PrefersTheMostSpecificFile) {
  const std::vector<std::string> best_first = {"x-1-cp311-cp311-manylinux_2_28_x86_64.whl",
                                               "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                                               "x-1-cp311-cp311-manylinux1_x86_64.whl",
                                               "x-1-cp37-abi3-manylinux2010_x86_64.whl",
                                               "x-1-py3-none-manylinux2014_x86_64.whl",
                                               "x-1-cp311-none-any.whl",
                                               "x-1-py2.py3-none-any.whl"};
  std::optional<std::size_t> previous;
  for (const std::string& filename : best_first) {
    const auto rank = rank_wheel(WheelFilename::parse(filename), target("3.11", "x86_64"));
    ASSERT_TRUE(rank) << filename;
    if (previous) {
      EXPECT_LT(*previous, *rank) << filename;
    }
    previous = rank;
  }
}

TEST(RankWheel, TheBestOfSeveralTagsCounts) {
  const auto rank = [](const char* name) { return rank_wheel(WheelFilename::parse(name), target("3.11", "x86_64")); };
  EXPECT_EQ(rank("x-1-py2.cp311.py3-none.cp311-any.linux_x86_64.manylinux_2_17_x86_64.whl"),
            rank("x-1-cp311-cp311-linux_x86_64.whl"));
  EXPECT_EQ(rank("x-1-py2.py3-none-any.win_amd64.whl"), rank("x-1-py3-none-any.whl"));
}

/// The parts of one name multiply to a quarter of a million tags; there may be thousands of names on a page.
TEST(RankWheel, TagSetsThatMultiplyAreCheap) {
  std::string many = "a";
  for (int i = 1; i < 64; ++i) many += ".a";
  const auto wheel = WheelFilename::parse(fmt::format("x-1-{0}-{0}-{0}.whl", many));
  const std::vector<std::string> tags = compatible_tags(target("3.11", "x86_64"));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(rank_wheel(wheel, tags));
}

TEST(RankWheel, RefusesWhatTheTargetCannotRun) {
  for (const char* filename :
       {"x-1-cp312-cp312-manylinux_2_17_x86_64.whl", "x-1-cp311-cp311-manylinux_2_39_x86_64.whl",
        "x-1-cp311-cp311-musllinux_1_1_x86_64.whl", "x-1-cp311-cp311-win_amd64.whl",
        "x-1-cp311-cp311-manylinux_2_17_aarch64.whl", "x-1-py2-none-any.whl", "x-1-cp312-abi3-linux_x86_64.whl"}) {
    EXPECT_FALSE(rank_wheel(WheelFilename::parse(filename), target("3.11", "x86_64"))) << filename;
  }
}

TEST(UvPlatform, NamesGlibc) { EXPECT_EQ(uv_platform(target("3.11", "aarch64")), "aarch64-manylinux_2_36"); }

}  // namespace
}  // namespace mlbuild::python
