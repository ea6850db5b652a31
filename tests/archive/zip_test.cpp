#include "mlbuild/archive/zip.hpp"

#include "archive/zip_forge.hpp"
#include "io/hex.hpp"
#include "io/throws.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;
using test::extra_field;
using test::ForgedMember;
using test::le32;
using test::le64;
using test::ZipForge;

constexpr std::uint16_t kDescriptorFlag = 1U << 3U;

std::vector<ZipMember> read(const ZipForge& forge) { return read_zip_directory(MemoryFile(forge.build())); }

void expect_refused(const ZipForge& forge, const std::string& why) {
  expect_error(ErrorKind::Foreign, why, [&] { read(forge); });
}

std::string content_of(const Bytes& file, std::size_t index) {
  const MemoryFile zip(file);
  return std::string(as_text(read_zip_member(zip, read_zip_directory(zip).at(index), 1 << 20U)));
}

ZipForge two_members() { return {{ForgedMember("a/b.py", "print(1)\n"), ForgedMember("c.txt", "text", 0)}}; }

/// Sizes and checksum behind the data (APPNOTE 4.3.9) instead of in the local header.
ForgedMember streamed(const std::string& descriptor_signature, bool wide) {
  ForgedMember member("streamed", "some content, some content");
  member.local.flags = member.central.flags = kDescriptorFlag;
  member.local.crc32 = member.local.size_bytes = member.local.compressed_size_bytes = 0;
  const auto number = [&](std::uint32_t value) { return wide ? le64(value) : le32(value); };
  member.descriptor = descriptor_signature + le32(member.central.crc32) + number(member.central.compressed_size_bytes) +
                      number(member.central.size_bytes);
  return member;
}

TEST(ZipDirectory, GivesTheMembersInTheOrderOfTheDirectory) {
  const std::vector<ZipMember> members = read(two_members());
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].name, "a/b.py");
  EXPECT_EQ(members[0].method, 8);
  EXPECT_EQ(members[0].size_bytes, 9U);
  EXPECT_EQ(members[0].data_offset, 30U + 6U);
  EXPECT_EQ(members[0].unix_mode(), 0100644U);
  EXPECT_EQ(members[0].made_by, 3);
  EXPECT_EQ(members[1].method, 0);
  EXPECT_FALSE(members[1].is_directory());
}

TEST(ZipDirectory, AcceptsAFileWithoutMembers) { EXPECT_TRUE(read(ZipForge{}).empty()); }

TEST(ZipDirectory, AcceptsCommentsAndHarmlessExtraFields) {
  ZipForge forge = two_members();
  forge.comment = "made by somebody";
  forge.members[0].comment = "member comment";
  forge.members[0].local.extra = extra_field(0x5455, std::string(200, 't'));  // times: longer in the local header
  forge.members[0].central.extra = extra_field(0x5455, "12345");
  EXPECT_EQ(read(forge).size(), 2U);
  EXPECT_EQ(content_of(forge.build(), 0), "print(1)\n");
}

TEST(ZipDirectory, AcceptsUtf8NamesThatAreDeclared) {
  ForgedMember member("für.txt", "x");
  expect_refused({{member}}, "undeclared character set");
  member.local.flags = member.central.flags = 1U << 11U;
  EXPECT_EQ(read({{member}})[0].name, "für.txt");
}

TEST(ZipDirectory, AcceptsAllFourFormsOfDataDescriptors) {
  for (const std::string signature : {"", "PK\7\10"}) {
    for (const bool wide : {false, true}) {
      const ZipForge forge{{streamed(signature, wide), ForgedMember("next", "n")}};
      EXPECT_EQ(content_of(forge.build(), 0), "some content, some content");
    }
  }
}

TEST(ZipDirectory, AcceptsZip64) {
  ZipForge forge = two_members();
  ForgedMember& member = forge.members[0];
  const std::string sizes = le64(member.central.size_bytes) + le64(member.central.compressed_size_bytes);
  member.local.extra = member.central.extra = extra_field(0x0001, sizes);
  member.local.size_bytes = member.central.size_bytes = 0xFFFFFFFF;
  member.local.compressed_size_bytes = member.central.compressed_size_bytes = 0xFFFFFFFF;
  EXPECT_EQ(content_of(forge.build(), 0), "print(1)\n");
  EXPECT_EQ(content_of(forge.build_zip64(), 0), "print(1)\n");
  EXPECT_EQ(content_of(forge.build_zip64(), 1), "text");
}

TEST(ZipDirectory, ReturnsDuplicatesForTheCallerToJudge) {
  EXPECT_EQ(read({{ForgedMember("same", "1"), ForgedMember("same", "2")}}).size(), 2U);
}

TEST(ZipDirectory, RefusesBytesThatBelongToNothing) {
  ZipForge forge = two_members();
  forge.before = "#!/bin/sh\n";
  expect_refused(forge, "bytes before its first member");
  forge = two_members();
  forge.members[0].descriptor = "gap";
  expect_refused(forge, "followed by bytes that belong to nothing");
  forge = two_members();
  forge.before_directory = "gap";
  expect_refused(forge, "followed by bytes that belong to nothing");
  forge = two_members();
  forge.before_end = "gap";
  expect_refused(forge, "does not end where the end records begin");
  forge = two_members();
  forge.after = "gap";
  expect_refused(forge, "after its end record");
}

TEST(ZipDirectory, RefusesAMemberThatIsNotInTheDirectory) {
  ZipForge forge = two_members();
  const ZipForge hidden{{ForgedMember("hidden", "x")}};
  const Bytes bytes = hidden.build();
  forge.before_directory = std::string(as_text(bytes)).substr(0, 30 + 6 + hidden.members[0].data.size());
  expect_refused(forge, "belong to nothing");
}

TEST(ZipDirectory, RefusesASecondEndRecord) {
  ZipForge other = two_members();
  ZipForge forge = two_members();
  forge.comment = std::string(as_text(other.build()));
  expect_refused(forge, "zip file");
  forge.comment = std::string(as_text(ZipForge{}.build()));
  expect_refused(forge, "two end records");
  forge.comment = "PK\5\6 is how it begins, and here is room for the rest of an end record";
  expect_refused(forge, "after its end record");
}

TEST(ZipDirectory, RefusesTwoZipFilesInOne) {
  Bytes file = two_members().build();
  const Bytes second = two_members().build();
  file.insert(file.end(), second.begin(), second.end());
  expect_error(ErrorKind::Foreign, "zip file", [&] { read_zip_directory(MemoryFile(file)); });
}

TEST(ZipDirectory, RefusesEveryTruncation) {
  for (const Bytes& file : {two_members().build(), two_members().build_zip64()}) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      expect_error(ErrorKind::Foreign, "zip file", [&] {
        read_zip_directory(MemoryFile(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))));
      });
    }
  }
}

TEST(ZipDirectory, RefusesALocalHeaderThatDiffers) {
  const auto refused = [](const auto& change) {
    ZipForge forge = two_members();
    change(forge.members[0].local);
    expect_refused(forge, "described differently");
  };
  refused([](test::ZipHeader& local) { local.name = "x/y.sh"; });
  refused([](test::ZipHeader& local) { local.method = 0; });
  refused([](test::ZipHeader& local) { ++local.crc32; });
  refused([](test::ZipHeader& local) { ++local.size_bytes; });
  refused([](test::ZipHeader& local) { --local.compressed_size_bytes; });
  refused([](test::ZipHeader& local) { local.flags = kDescriptorFlag; });
  refused([](test::ZipHeader& local) { local.flags = 1; });
  refused([](test::ZipHeader& local) { local.crc32 = local.size_bytes = local.compressed_size_bytes = 0; });
}

TEST(ZipDirectory, RefusesADataDescriptorThatDiffers) {
  for (std::size_t i = 0; i < 16; ++i) {
    ForgedMember member = streamed("PK\7\10", false);
    member.descriptor[i] = static_cast<char>(member.descriptor[i] ^ 1);
    expect_refused({{member}}, "data descriptor that differs");
  }
}

TEST(ZipDirectory, RefusesStoredBytesWhoseEndOnlyTheDirectoryKnows) {
  ForgedMember member("stored", "content", 0);
  member.local.flags = member.central.flags = kDescriptorFlag;
  member.local.crc32 = member.local.size_bytes = member.local.compressed_size_bytes = 0;
  member.descriptor = "PK\7\10" + le32(member.central.crc32) + le32(7) + le32(7);
  expect_refused({{member}}, "stored without a size in front of it");
}

TEST(ZipDirectory, RefusesOverlaps) {
  ZipForge forge = two_members();
  forge.members[1].local_offset = 0;
  expect_refused(forge, "overlaps");
  forge = two_members();
  forge.members[0].central.compressed_size_bytes += 10;
  forge.members[0].local.compressed_size_bytes += 10;
  expect_refused(forge, "overlaps");
  forge = two_members();
  forge.members[1].local_offset = 5;
  expect_refused(forge, "overlaps");
  forge = two_members();
  forge.members[1].local_offset = 0xFFFFFF;
  expect_refused(forge, "begins behind the directory");
}

TEST(ZipDirectory, RefusesUnsafeAndAmbiguousNames) {
  for (const std::string name :
       {"", "/", "/etc/passwd", "../x", "a/../b", "a/..", "./a", "a//b", "a\\b", "a\nb", "a//", "a\x7F", "\xFF"}) {
    ForgedMember member(name, "x");
    member.local.flags = member.central.flags = 1U << 11U;
    expect_refused({{member}}, "name");
  }
  expect_refused({{ForgedMember(std::string("a\0b", 3), "x")}}, "control character");
}

TEST(ZipDirectory, RefusesASecondNameInAnExtraField) {
  ForgedMember member("good.py", "x");
  member.central.extra = extra_field(0x7075, std::string("\1", 1) + le32(0) + "evil.py");
  expect_refused({{member}}, "second, different name");
  member.central.extra = extra_field(0x7075, std::string("\1", 1) + le32(0) + "good.py");
  EXPECT_EQ(read({{member}}).size(), 1U);
}

TEST(ZipDirectory, RefusesMalformedExtraFields) {
  ForgedMember member("a", "x");
  member.central.extra = "abc";
  expect_refused({{member}}, "cut off");
  member.central.extra = extra_field(1, le64(1)) + extra_field(1, le64(1));
  expect_refused({{member}}, "two extra fields of one kind");
  member.central.extra = extra_field(1, le64(1));  // nothing is all ones
  expect_refused({{member}}, "zip64 fields");
  member.central.extra.clear();
  member.local.extra = extra_field(1, le64(7) + le64(7));
  expect_refused({{member}}, "zip64 fields");
}

TEST(ZipDirectory, AcceptsLocalZip64FieldsThatRepeatTheHeader) {  // protobuf 7.36.2 has them
  ForgedMember member("a", "x");
  member.local.extra = extra_field(1, le64(member.local.size_bytes) + le64(member.local.compressed_size_bytes));
  const ZipForge forge{{member}};
  EXPECT_EQ(content_of(forge.build(), 0), "x");
}

TEST(ZipDirectory, RefusesEncryptionOtherMethodsAndMoreDisks) {
  for (const unsigned flag : {0U, 5U, 6U, 13U}) {
    ForgedMember member("a", "x");
    member.local.flags = member.central.flags = static_cast<std::uint16_t>(1U << flag);
    expect_refused({{member}}, "encrypted or a patch");
  }
  for (const unsigned method : {1U, 9U, 12U, 14U, 93U}) {
    expect_refused({{ForgedMember("a", "x", static_cast<std::uint16_t>(method))}}, "compression method");
  }
  ForgedMember elsewhere("a", "x");
  elsewhere.disk = 1;
  expect_refused({{elsewhere}}, "more than one disk");
  ZipForge forge = two_members();
  forge.disk = 1;
  expect_refused(forge, "more than one disk");
}

TEST(ZipDirectory, RefusesImpossibleSizes) {
  ForgedMember stored("a", "xyz", 0);
  stored.local.size_bytes = stored.central.size_bytes = 4;
  expect_refused({{stored}}, "another size than its own");
  ForgedMember bomb("a", "x");
  bomb.local.size_bytes = bomb.central.size_bytes = 4'000'000'000;
  expect_refused({{bomb}}, "more content than deflate can hold");
  expect_refused({{ForgedMember("dir/", "content")}}, "directory with content");
}

TEST(ZipDirectory, RefusesCountsThatLie) {
  ZipForge forge = two_members();
  forge.member_count = 1;
  expect_refused(forge, "between its directory and its end record");
  forge.member_count = 3;
  expect_refused(forge, "zip file");
  forge.member_count = 0xFFFF;
  expect_refused(forge, "fewer members than its end record says");
}

TEST(ZipDirectory, RefusesZip64EndRecordsThatLie) {
  ZipForge forge = two_members();
  forge.before_end = test::zip64_end_records(2, 1, 1, 0);
  expect_refused(forge, "misplaced zip64 end record");
  Bytes file = two_members().build_zip64();
  const std::size_t end = file.size() - 22;
  for (const std::size_t field :
       {8U, 10U, 12U, 16U}) {  // in the classic record: any other value than all ones must be right
    Bytes changed = file;
    changed[end + field] = std::byte{0x77};
    expect_error(ErrorKind::Foreign, "contradict each other", [&] { read_zip_directory(MemoryFile(changed)); });
  }
}

TEST(ZipDirectory, RefusesAHugeCountBeforeAllocating) {
  ZipForge forge;
  forge.before_end = test::zip64_end_records(std::uint64_t{1} << 40U, 0, 0, 0);
  forge.member_count = 0xFFFF;
  expect_refused(forge, "more than 1048576 members");
}

TEST(ZipMember, RefusesContentThatIsNotWhatTheDirectorySays) {
  const auto refused = [](ForgedMember member, const std::string& why) {
    member.local.crc32 = member.central.crc32;
    member.local.size_bytes = member.central.size_bytes;
    member.local.compressed_size_bytes = member.central.compressed_size_bytes =
        static_cast<std::uint32_t>(member.data.size());
    const Bytes file = ZipForge{{member}}.build();
    expect_error(ErrorKind::Foreign, why, [&] { content_of(file, 0); });
  };
  ForgedMember member("a", "content");
  ++member.central.crc32;
  refused(member, "wrong checksum");
  member = ForgedMember("a", "content");
  ++member.central.size_bytes;
  refused(member, "another size");
  member = ForgedMember("a", "content");
  --member.central.size_bytes;
  refused(member, "another size");
  member = ForgedMember("a", "content");
  member.data += "x";
  refused(member, "goes on after its deflate stream");
  member = ForgedMember("a", "content");
  member.data.pop_back();
  refused(member, "truncated deflate stream");
  member = ForgedMember("a", "content", 0);
  ++member.central.crc32;
  refused(member, "wrong checksum");
}

TEST(ZipMember, RefusesMoreThanTheLimit) {
  const MemoryFile file(two_members().build());
  expect_error(ErrorKind::Foreign, "has 9 bytes, allowed are 8",
               [&] { read_zip_member(file, read_zip_directory(file)[0], 8); });
}

}  // namespace
}  // namespace mlbuild
