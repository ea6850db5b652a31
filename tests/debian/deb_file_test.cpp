#include "mlbuild/debian/deb_file.hpp"

#include "support/deb_builder.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

using test::DebBuilder;
using test::raw_tar;
using ::testing::ElementsAre;

std::vector<std::string> read_paths(const DebBuilder& builder) {
  const MemoryFile file(builder.build());
  const DebFile deb(file);
  deb.read_control();
  std::vector<std::string> paths;
  deb.read_data([&](const TarEntry& entry, Source&) { paths.push_back(entry.path); });
  return paths;
}

DebBuilder with_data(std::string tar) {
  DebBuilder builder;
  builder.raw_data_tar = std::move(tar);
  return builder;
}

TEST(DebFile, ReadsControlScriptsAndData) {
  DebBuilder builder;
  builder.file("usr/bin/toy", "x", 0755).script("postinst", "exit 0\n");
  builder.control_files["md5sums"] = "0  usr/bin/toy\n";
  const MemoryFile file(builder.build());
  const DebControl control = DebFile(file).read_control();
  EXPECT_EQ(control.fields.get("Package"), "toy");
  EXPECT_EQ(control.md5sums, "0  usr/bin/toy\n");
  EXPECT_EQ(control.scripts.at("postinst"), "#!/bin/sh\nset -e\nexit 0\n");
  EXPECT_FALSE(control.scripts.contains("preinst"));
  EXPECT_THAT(read_paths(builder), ElementsAre("usr/bin/toy"));
}

TEST(DebFile, ReadsCompressedMembers) {
  DebBuilder builder;
  builder.compress = true;
  EXPECT_THAT(read_paths(builder.file("etc/toy", "x")), ElementsAre("etc/toy"));
}

TEST(DebFile, RefusesTwoDataMembers) {
  DebBuilder builder;
  builder.file("etc/toy", "x").more_members.emplace_back("data.tar.xz", "");
  EXPECT_THROW(read_paths(builder), Error);
}

TEST(DebFile, IgnoresMembersOfLaterFormats) {
  DebBuilder builder;
  builder.file("etc/toy", "x").more_members.emplace_back("_gpgorigin", "signature");
  EXPECT_THAT(read_paths(builder), ElementsAre("etc/toy"));
}

TEST(DebFile, RefusesNamesThatDeleteFilesOfALayer) {
  EXPECT_THROW(read_paths(with_data(raw_tar("etc/.wh.passwd", '0'))), Error);
  EXPECT_THROW(read_paths(with_data(raw_tar(".wh..wh..opq", '0'))), Error);
  EXPECT_THROW(read_paths(with_data(raw_tar("etc/.wh.d/x", '0'))), Error);
}

TEST(DebFile, RefusesPathsThatLeaveTheRoot) {
  for (const char* path : {"/etc/passwd", "../etc/passwd", "usr/../../etc/passwd"}) {
    EXPECT_THROW(read_paths(with_data(raw_tar(path, '0', "x"))), Error) << path;
  }
}

TEST(DebFile, RefusesDevicesAndUnknownTypes) {
  for (const char type : {'3', '4', '6', 'Z'})
    EXPECT_THROW(read_paths(with_data(raw_tar("dev/x", type))), Error) << type;
}

TEST(DebFile, RefusesCutAndForeignArchives) {
  Bytes whole = DebBuilder().file("etc/toy", std::string(5000, 'x')).build();
  const MemoryFile cut(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() - 4000)));
  EXPECT_THROW(DebFile(cut).read_data([](const TarEntry&, Source&) {}), Error);
  const MemoryFile empty(Bytes{});
  EXPECT_THROW(DebFile{empty}, Error);
}

TEST(DebFile, RefusesWhatExpandsBeyondTheLimitBeforeItIsHandedOut) {
  DebBuilder builder;
  builder.compress = true;
  const MemoryFile bomb(builder.file("zeros", std::string(16U << 20U, '\0')).build());
  std::uint64_t seen_bytes = 0;
  const auto count = [&](const TarEntry&, Source& content) {
    Bytes buffer(kStreamBufferBytes);
    for (std::size_t got = content.read(buffer); got != 0; got = content.read(buffer)) seen_bytes += got;
  };
  const ExpansionLimit limit{1U << 20U, 100};
  EXPECT_THROW(DebFile(bomb, limit).read_data(count), Error);
  EXPECT_LT(seen_bytes, 4U << 20U);
  EXPECT_NO_THROW(DebFile(bomb).read_data(count));
}

TEST(DebFile, RefusesControlWithoutPackage) {
  DebBuilder builder;
  builder.control_files["control"] = "Version: 1\n";
  EXPECT_THROW(read_paths(builder), Error);
}

}  // namespace
}  // namespace mlbuild::debian
