#include "mlbuild/debian/packages_index.hpp"

#include "debian/index_text.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

TEST(PackagesIndex, CandidateIsTheHighestVersionOverAllSuites) {
  PackagesIndex index = index_of(index_entry("a", "1.0-2"));
  const std::string update = index_entry("a", "1.0-10") + index_entry("b", "2");
  SpanSource source(as_bytes(update));
  index.add(source, "bookworm-security");
  ASSERT_NE(index.find("a"), nullptr);
  EXPECT_EQ(index.find("a")->version, "1.0-10");
  EXPECT_EQ(index.find("a")->suite, "bookworm-security");
  EXPECT_EQ(index.size(), 2U);
}

TEST(PackagesIndex, KeepsWhatFetchingAndResolvingNeed) {
  const PackagesIndex index = index_of(
      index_entry("libc6", "2.36-9", "Source: glibc (2.36)\nEssential: yes\nMulti-Arch: same\nInstalled-Size: 12\n"));
  const Package& package = *index.find("libc6");
  EXPECT_EQ(package.source, "glibc");
  EXPECT_TRUE(package.essential);
  EXPECT_EQ(package.multi_arch, "same");
  EXPECT_EQ(package.installed_size_kib, 12U);
  EXPECT_EQ(package.size_bytes, 10U);
  EXPECT_EQ(package.filename, "pool/libc6_2.36-9.deb");
}

TEST(PackagesIndex, UnknownNameIsNull) { EXPECT_EQ(index_of(index_entry("a", "1")).find("b"), nullptr); }

TEST(PackagesIndex, RefusesPathsThatLeaveTheMirror) {
  for (const char* path :
       {"../x.deb", "/x.deb", "pool//x.deb", "pool/../../x.deb", "pool/x.deb?y", "pool/ x.deb", ""}) {
    const std::string text =
        fmt::format("Package: a\nVersion: 1\nArchitecture: all\nFilename: {}\nSize: 1\nSHA256: {:0>64}\n", path, "1");
    EXPECT_THROW(index_of(text), Error) << path;
  }
}

TEST(PackagesIndex, RefusesEntriesWithoutDigestOrSize) {
  EXPECT_THROW(index_of("Package: a\nVersion: 1\nArchitecture: all\nFilename: x\nSize: 1\n"), Error);
  EXPECT_THROW(
      index_of(fmt::format("Package: a\nVersion: 1\nArchitecture: all\nFilename: x\nSize: -1\nSHA256: {:0>64}\n", "1")),
      Error);
}

}  // namespace
}  // namespace mlbuild::debian
