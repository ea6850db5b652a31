// Zip files that were made to harm: CVE-2025-54368 and its relatives (two readers, two meanings), zip slip, overlapping
// and quoted bombs (Fifield, "A better zip bomb"), counts and sizes that lie. APPNOTE 6.3.

#include "archive/zip_forge.hpp"
#include "support/hostile.hpp"

#include "mlbuild/archive/zip.hpp"

#include <limits>

namespace mlbuild::test {
namespace {

std::string text_of(const ZipForge& forge) { return std::string(as_text(forge.build())); }

/// One good member, then an edit.
std::string forged(const std::function<void(ZipForge&, ForgedMember&)>& edit, std::uint16_t method = 8) {
  ZipForge forge;
  forge.members = {ForgedMember("good.txt", "some content that deflate can work on, on, on", method)};
  edit(forge, forge.members[0]);
  return text_of(forge);
}

std::string named(const std::string& name, std::uint16_t flags = 0x0800) {
  return forged([&](ZipForge&, ForgedMember& member) {
    member.local.name = member.central.name = name;
    member.local.flags = member.central.flags = flags;
  });
}

std::string in_both(const std::function<void(ZipHeader&)>& edit) {
  return forged([&](ZipForge&, ForgedMember& member) {
    edit(member.local);
    edit(member.central);
  });
}

/// Many directory entries for one member: each claims the same bytes.
std::string overlapping(std::size_t count) {
  ZipForge forge;
  ForgedMember member("kernel", std::string(100'000, '\0'));
  forge.members.assign(count, member);
  for (std::size_t i = 1; i < count; ++i) {
    ForgedMember& copy = forge.members[i];
    copy.local_offset = 0;
    copy.central.name = copy.local.name = "copy" + std::to_string(i);
  }
  return text_of(forge);
}

/// An entry inside of the one before: its header is quoted by the deflate stream around it.
std::string quoting() {
  const std::string inner = text_of(ZipForge{{ForgedMember("inner", "x", 0)}});
  ForgedMember outer("outer", inner.substr(0, 36), 0), within("inner", "x", 0);
  within.local_offset = 30 + 5;
  return text_of(ZipForge{{outer, within}});
}

/// Each name stands for 2,000 directories that no other has.
std::string many_deep_names(std::size_t count) {
  ZipForge forge;
  for (std::size_t i = 0; i < count; ++i) {
    forge.members.emplace_back(std::to_string(i) + "/" + repeated("n/", 2000) + "n", "", 0);
  }
  return text_of(forge);
}

std::string many_members(std::size_t count) {
  ZipForge forge;
  for (std::size_t i = 0; i < count; ++i) forge.members.emplace_back("m" + std::to_string(i), "", std::uint16_t{0});
  return text_of(forge);
}

std::string zip64_sizes(std::uint64_t size, std::uint64_t compressed_size) {
  return in_both([&](ZipHeader& header) {
    header.size_bytes = header.compressed_size_bytes = 0xFFFFFFFF;
    header.extra = extra_field(1, le64(size) + le64(compressed_size));
  });
}

std::string zip64_end(std::uint64_t members, std::uint64_t size, std::uint64_t offset) {
  return forged([&](ZipForge& forge, ForgedMember&) {
    forge.before_end = zip64_end_records(members, size, offset, 0);
    forge.member_count = 0xFFFF;
    forge.directory_size_bytes = forge.directory_offset = 0xFFFFFFFF;
  });
}

const std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

class HostileZip : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileZip, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    const MemoryFile file(Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end()));
    for (const ZipMember& member : read_zip_directory(file)) read_zip_member(file, member, 1U << 20U);
  });
}

const HostileCase kNames[] = {
    {"NameLeadsUp", [] { return named("../evil"); }, "evil"},
    {"NameLeadsUpFromWithin", [] { return named("a/b/../../../evil"); }, "evil"},
    {"NameIsAbsolute", [] { return named("/etc/cron.d/evil"); }, "/etc/cron.d/evil"},
    {"NameIsTwoSlashes", [] { return named("//evil"); }, "evil"},
    {"NameLeadsUpForWindows", [] { return named("..\\..\\evil"); }, "evil"},
    {"NameIsADot", [] { return named("."); }, "."},
    {"NameIsEmpty", [] { return named(""); }, "name"},
    {"NameHasAnEmptyComponent", [] { return named("a//b"); }, "a//b"},
    {"NameEndsAtNulForSome", [] { return named(std::string("good.txt\0.evil", 14)); }, "name"},
    {"NameHasALineEnd", [] { return named("a\nb"); }, "control"},
    {"NameHasATerminalEscape", [] { return named("a\x1b[2Jb"); }, "control"},
    {"NameIsOverlongUtf8",
     [] {
       return named(
           "a\xC0\xAF..\xC0\xAF"
           "b");
     },
     "UTF-8"},
    {"NameIsASurrogate", [] { return named("a\xED\xA0\x80"); }, "UTF-8"},
    {"NameIsOfAnotherCodePage", [] { return named("caf\x82", 0); }, "name"},
    {"NameIsUtf8WithoutSayingSo", [] { return named("caf\xC3\xA9", 0); }, "name"},
    {"NameIsLongerThanFileSystemsTake", [] { return named(std::string(256, 'n')); }, "255"},
    {"NameFillsItsField", [] { return named(repeated("n/", 32767)); }, "longer than Linux takes"},
    {"ManyDeepNames", [] { return many_deep_names(200); }, "too long together"},
    {"AnotherNameInAnExtraField",
     [] { return in_both([](ZipHeader& h) { h.extra = extra_field(0x7075, "\1" + le32(0) + "evil"); }); }, "good.txt"},
};

const HostileCase kDifferences[] = {
    {"LocalNameDiffers", [] { return forged([](auto&, auto& m) { m.local.name = "evil.txt"; }); }, "local header"},
    {"LocalMethodDiffers", [] { return forged([](auto&, auto& m) { m.local.method = 0; }); }, "local header"},
    {"LocalSizeDiffers", [] { return forged([](auto&, auto& m) { m.local.size_bytes = 1; }); }, "local header"},
    {"LocalCompressedSizeDiffers", [] { return forged([](auto&, auto& m) { m.local.compressed_size_bytes = 1; }); },
     "local header"},
    {"LocalCrcDiffers", [] { return forged([](auto&, auto& m) { m.local.crc32 = 1; }); }, "local header"},
    {"LocalFlagsDiffer", [] { return forged([](auto&, auto& m) { m.local.flags = 8; }); }, "local header"},
    {"BytesBeforeTheFirstMember", [] { return forged([](ZipForge& f, auto&) { f.before = "#!/bin/sh\n"; }); }, "byte"},
    {"BytesBehindTheEnd", [] { return forged([](ZipForge& f, auto&) { f.after = "tail"; }); }, "end"},
    {"BytesBetweenMembersAndDirectory", [] { return forged([](ZipForge& f, auto&) { f.before_directory = "gap"; }); },
     "byte"},
    {"AMemberThatTheDirectoryHides",
     [] {
       return forged([](ZipForge& f, auto&) {
         f.before_directory = text_of(ZipForge{{ForgedMember("evil.txt", "evil")}}).substr(0, 44);
       });
     },
     "byte"},
    {"AZipInAComment", [] { return forged([](ZipForge& f, auto&) { f.comment = text_of(ZipForge{}); }); }, "end"},
    {"AZipBehindAZip", [] { return forged([](auto&, auto&) {}) + text_of(ZipForge{{ForgedMember("b", "b")}}); },
     "end records"},
    {"AZipBeforeTheEndRecord", [] { return forged([](ZipForge& f, auto&) { f.before_end = text_of(ZipForge{}); }); },
     "director"},
    {"SeveralDisks", [] { return forged([](ZipForge& f, auto&) { f.disk = 1; }); }, "disk"},
    {"AMemberOnAnotherDisk", [] { return forged([](auto&, auto& m) { m.disk = 1; }); }, "disk"},
    {"ADescriptorThatDiffers",
     [] {
       return forged([](auto&, auto& m) {
         m.local.flags = m.central.flags = 8;
         m.local.crc32 = m.local.size_bytes = m.local.compressed_size_bytes = 0;
         m.descriptor = "PK\7\10" + le32(1) + le32(2) + le32(3);
       });
     },
     "good.txt"},
    {"ADirectoryWithContent", [] { return named("folder/"); }, "folder/"},
};

const HostileCase kNumbers[] = {
    {"Nothing", [] { return std::string(); }, "zip"},
    {"OneByte", [] { return std::string("P"); }, "zip"},
    {"OnlyZeros", [] { return std::string(1'000'000, '\0'); }, "zip"},
    {"OnlySignatures", [] { return repeated("PK\5\6", 250'000); }, "zip"},
    {"OffsetBehindTheEnd", [] { return forged([](auto&, auto& m) { m.local_offset = 0x7FFFFFFF; }); }, "good.txt"},
    {"OffsetIntoTheDirectory", [] { return forged([](auto&, auto& m) { m.local_offset = 80; }); }, "good.txt"},
    {"DirectoryBehindTheEnd", [] { return forged([](ZipForge& f, auto&) { f.directory_offset = 0xFFFFFFF0; }); },
     "director"},
    {"DirectoryLargerThanTheFile",
     [] { return forged([](ZipForge& f, auto&) { f.directory_size_bytes = 0xFFFFFFF0; }); }, "director"},
    {"MoreMembersThanThereAre", [] { return forged([](ZipForge& f, auto&) { f.member_count = 60'000; }); }, "member"},
    {"FewerMembersThanThereAre", [] { return forged([](ZipForge& f, auto&) { f.member_count = 0; }); }, "director"},
    {"Zip64CountOfAllOnes", [] { return zip64_end(kHuge, 54, 75); }, "zip"},
    {"Zip64SizeOfAllOnes", [] { return zip64_end(1, kHuge, 75); }, "zip"},
    {"Zip64OffsetThatWrapsAround", [] { return zip64_end(1, 100, kHuge - 50); }, "zip"},
    {"Zip64MemberOfAllOnes", [] { return zip64_sizes(kHuge, kHuge); }, "good.txt"},
    {"Zip64MemberThatWrapsAround", [] { return zip64_sizes(40, kHuge - 20); }, "good.txt"},
    {"ExtraFieldLongerThanItsHeader", [] { return in_both([](ZipHeader& h) { h.extra = le16(1) + le16(60'000); }); },
     "cut off"},
    {"Zip64ExtraFieldThatIsCut",
     [] {
       return in_both([](ZipHeader& h) {
         h.size_bytes = 0xFFFFFFFF;
         h.extra = extra_field(1, "1234");
       });
     },
     "good.txt"},
};

const HostileCase kContents[] = {
    {"BombThatClaims4GiB", [] { return in_both([](ZipHeader& h) { h.size_bytes = 0xFFFFFFF0; }); },
     "than deflate can hold"},
    {"BombThatClaimsLittle",
     [] {
       ZipForge forge{{ForgedMember("bomb", std::string(30'000'000, '\0'))}};
       forge.members[0].local.size_bytes = forge.members[0].central.size_bytes = 1000;
       return text_of(forge);
     },
     "another size"},
    {"BombOfOverlappingMembers", [] { return overlapping(1000); }, "overlap"},
    {"BombOfQuotedHeaders", [] { return quoting(); }, "overlap"},
    {"ManyMembersTakeNoTime", [] { return many_members(20'000); }, kHarmless},
    {"StoredMemberOfAnotherSize",
     [] { return forged([](auto&, auto& m) { m.local.size_bytes = m.central.size_bytes = 3; }, 0); }, "good.txt"},
    {"Encrypted", [] { return in_both([](ZipHeader& h) { h.flags |= 1U; }); }, "encrypt"},
    {"StronglyEncrypted", [] { return in_both([](ZipHeader& h) { h.flags |= 0x41U; }); }, "encrypt"},
    {"PatchData", [] { return in_both([](ZipHeader& h) { h.flags |= 0x20U; }); }, "good.txt"},
    {"MaskedHeaders", [] { return in_both([](ZipHeader& h) { h.flags |= 0x2000U; }); }, "good.txt"},
    {"Deflate64", [] { return in_both([](ZipHeader& h) { h.method = 9; }); }, "method"},
    {"Bzip2", [] { return in_both([](ZipHeader& h) { h.method = 12; }); }, "method"},
    {"Lzma", [] { return in_both([](ZipHeader& h) { h.method = 14; }); }, "method"},
    {"WrongCrc", [] { return in_both([](ZipHeader& h) { h.crc32 ^= 1U; }); }, "wrong checksum"},
    {"StreamOfNonsense", [] { return forged([](auto&, auto& m) { m.data.assign(m.data.size(), '\xFF'); }); },
     "corrupt"},
    {"StreamThatEndsEarly",
     [] {
       return forged([](auto&, auto& m) {
         m.data.resize(10);
         m.local.compressed_size_bytes = m.central.compressed_size_bytes = 10;
       });
     },
     "good.txt"},
    {"BytesBehindTheStream",
     [] {
       return forged([](auto&, auto& m) {
         m.data += "hidden";
         m.local.compressed_size_bytes = m.central.compressed_size_bytes += 6;
       });
     },
     "good.txt"},
};

INSTANTIATE_TEST_SUITE_P(Names, HostileZip, ::testing::ValuesIn(kNames), hostile_name);
INSTANTIATE_TEST_SUITE_P(Differences, HostileZip, ::testing::ValuesIn(kDifferences), hostile_name);
INSTANTIATE_TEST_SUITE_P(Numbers, HostileZip, ::testing::ValuesIn(kNumbers), hostile_name);
INSTANTIATE_TEST_SUITE_P(Contents, HostileZip, ::testing::ValuesIn(kContents), hostile_name);

}  // namespace
}  // namespace mlbuild::test
