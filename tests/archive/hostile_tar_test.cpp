// Tar archives that were made to harm: names that leave the root (CVE-2026-28406), sizes in two places (tokio-tar,
// GHSA-3wgq-wrwc-vqmv), bombs of headers, sparse maps. Both of our readers get each of them: the one that streams and
// the one that goes by position must refuse the same.

#include "archive/tar_forge.hpp"
#include "support/hostile.hpp"

#include "mlbuild/archive/ar.hpp"
#include "mlbuild/archive/tar.hpp"
#include "mlbuild/archive/tar_index.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

std::string block(const std::function<void(ForgedHeader&)>& edit) {
  ForgedHeader header;
  edit(header);
  return header.block();
}
std::string one_block(const std::function<void(ForgedHeader&)>& edit) { return block(edit) + end_of_tar(); }
std::string named(const std::string& name) { return forged_file(name, "x") + end_of_tar(); }
std::string of_type(char type) {
  return one_block([&](ForgedHeader& h) { h.type = type; });
}
std::string linked(char type, const std::string& target) {
  return forged_file("file", "x") + block([&](ForgedHeader& h) {
           h.name = "link";
           h.type = type;
           h.link = target;
         }) +
         end_of_tar();
}
std::string extended(const std::string& payload, char type = 'x') {
  return forged_extension(type, payload) + forged_file("file", "x") + end_of_tar();
}
std::string with_pax(const std::string& key, const std::string& value, char type = 'x') {
  return extended(pax_record(key, value), type);
}
std::string sized(const std::string& size_field) {
  return one_block([&](ForgedHeader& h) { h.size_field = size_field; });
}

void read_streaming(const std::string& bytes) {
  SpanSource source(as_bytes(bytes));
  read_tar(source, [&](const TarEntry& entry, Source& content) {
    EXPECT_EQ(why_unsafe_path(entry.path), "");
    EXPECT_LE(read_all(content, bytes.size()).size(), bytes.size());
  });
}

void read_by_position(const std::string& bytes) {
  const MemoryFile file(Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end()));
  for (const TarMember& member : read_tar_index(file)) {
    EXPECT_EQ(why_unsafe_path(member.path), "");
    EXPECT_LE(member.offset + member.size_bytes, bytes.size());
  }
}

class HostileTar : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileTar, IsHarmless) { expect_harmless(GetParam(), ErrorKind::Foreign, read_streaming); }

/// What goes by position is for layouts and archives of images, which have no devices or links to speak of: it may pass
/// over more, but gives no unsafe name and no place outside.
TEST_P(HostileTar, IsHarmlessByPosition) {
  const std::string bytes = GetParam().bytes();
  try {
    read_by_position(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.message();
  }
}

const HostileCase kNames[] = {
    {"NameLeadsUp", [] { return named("../evil"); }, "../evil"},
    {"NameLeadsUpFromWithin", [] { return named("a/../../evil"); }, "evil"},
    {"NameIsAbsolute", [] { return named("/etc/passwd"); }, "/etc/passwd"},
    {"NameIsTheParent", [] { return named(".."); }, ".."},
    {"NameIsEmpty", [] { return named(""); }, "root is not a directory"},
    {"NameHasALineEnd", [] { return named("a\nb"); }, "control"},
    {"NameIsNoUtf8", [] { return named("a\xFF"); }, "UTF-8"},
    {"ComponentIsTooLong", [] { return with_pax("path", std::string(256, 'n')); }, "255"},
    {"NameOf4095Bytes", [] { return with_pax("path", repeated("a/", 2047) + "b"); }, kHarmless},
    {"NameOf4096Bytes", [] { return with_pax("path", repeated("a/", 2047) + "bc"); }, "longer than Linux takes"},
    {"NameOf900KB", [] { return with_pax("path", repeated("a/", 450'000) + "b"); }, "longer than Linux takes"},
    {"ManyDeepNames",
     [] {
       std::string tar;
       for (int i = 0; i < 200; ++i) {
         tar += forged_extension('x', pax_record("path", fmt::format("{}/", i) + repeated("a/", 2040) + "b")) +
                forged_file("file", "");
       }
       return tar + end_of_tar();
     },
     "names"},
    {"PaxPathLeadsUp", [] { return with_pax("path", "../evil"); }, "../evil"},
    {"PaxPathHasANul", [] { return with_pax("path", std::string("file\0evil", 9)); }, "NUL"},
    {"PaxPathIsEmpty", [] { return with_pax("path", ""); }, "empty `path`"},
    {"GnuLongNameLeadsUp", [] { return extended(std::string("../evil\0", 8), 'L'); }, "../evil"},
    {"GnuLongNameWithoutEnd", [] { return extended(std::string(300, '/'), 'L'); }, "long name"},
    {"PaxPathOfAllFiles", [] { return with_pax("path", "../evil", 'g'); }, "global"},
    {"HardLinkLeadsUp", [] { return linked('1', "../../etc/shadow"); }, "shadow"},
    {"HardLinkIsAbsolute", [] { return linked('1', "/etc/shadow"); }, "/etc/shadow"},
    {"HardLinkToNothing", [] { return linked('1', ""); }, "link"},
    {"SymlinkLeadsUpAndIsOnlyText", [] { return linked('2', "../../../etc/shadow"); }, kHarmless},
    {"SymlinkToNothing", [] { return linked('2', ""); }, "link"},
    {"LinkTargetOf4096Bytes",
     [] {
       return forged_extension('x', pax_record("linkpath", repeated("a/", 2048))) + block([](ForgedHeader& h) {
                h.type = '2';
                h.link = "a";
              }) +
              end_of_tar();
     },
     "longer than Linux takes"},
    {"PaxLinkTargetHasANul",
     [] {
       return forged_extension('x', pax_record("linkpath", std::string("a\0b", 3))) +
              block([](ForgedHeader& h) { h.type = '2'; }) + end_of_tar();
     },
     "NUL"},
};

const HostileCase kKinds[] = {
    {"CharacterDevice", [] { return of_type('3'); }, "neither file"},
    {"BlockDevice", [] { return of_type('4'); }, "neither file"},
    {"Fifo", [] { return of_type('6'); }, "neither file"},
    {"UnknownType", [] { return of_type('Z'); }, "type"},
    {"MultiVolume", [] { return of_type('M'); }, "type"},
    {"VolumeLabel", [] { return of_type('V'); }, "type"},
    {"OldGnuSparse", [] { return of_type('S'); }, "type `S`"},
    {"PaxSparse",
     [] {
       return extended(pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                       pax_record("GNU.sparse.realsize", "4611686018427387904"));
     },
     "sparse"},
    {"PaxSparseMapThatOverlaps",
     [] { return extended(pax_record("GNU.sparse.size", "100") + pax_record("GNU.sparse.map", "0,50,10,50")); },
     "sparse"},
    {"StarSparse", [] { return with_pax("SCHILY.realsize", "4611686018427387904"); }, "sparse"},
    {"SolarisSparse", [] { return with_pax("SUN.holesdata", " 0 1 "); }, "sparse"},
    {"ContentOnADirectory", [] { return forged_file("dir/", "x", '5') + end_of_tar(); }, "content"},
    {"ContentOnASymlink",
     [] {
       return block([](ForgedHeader& h) {
                h.type = '2';
                h.link = "a";
                h.size_field = "00000000001";
              }) +
              padded("x") + end_of_tar();
     },
     "content"},
    {"ExtensionThatExtendsNothing", [] { return forged_extension('x', pax_record("path", "a")) + end_of_tar(); },
     "tar"},
    {"ExtensionOfAnExtension",
     [] { return repeated(forged_extension('x', pax_record("path", "a")), 10'000) + named("file"); }, "extended"},
    {"GnuLongNameChain",
     [] { return repeated(forged_extension('L', std::string("../evil\0", 8)), 10'000) + named("file"); },
     "special headers"},
};

const HostileCase kNumbers[] = {
    {"SizeBehindTheEnd", [] { return sized("00000010000"); }, "tar"},
    {"SizeOf8GiB", [] { return sized("77777777777"); }, "tar"},
    {"BinarySizeOf8EiB", [] { return sized(std::string("\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12)); }, "tar"},
    {"NegativeBinarySize", [] { return sized(std::string(12, '\xFF')); }, "tar"},
    {"SizeThatIsNoNumber", [] { return sized("0000000009x"); }, "tar"},
    {"SizeWithASign", [] { return sized("-0000000001"); }, "tar"},
    {"PaxSizeThatDiffers", [] { return with_pax("size", "0"); }, "size"},
    {"PaxSizeOf8EiB", [] { return with_pax("size", "9223372036854775807"); }, "too large"},
    {"PaxSizeThatIsNegative", [] { return with_pax("size", "-1"); }, "size"},
    {"PaxSizeThatIsTwice", [] { return extended(pax_record("size", "1") + pax_record("size", "512")); }, "size"},
    {"PaxSizeInHexadecimal", [] { return with_pax("size", "0x1"); }, "size"},
    {"PaxSizeForAllFiles", [] { return with_pax("size", "100", 'g'); }, "global"},
    {"PaxUserOf64Bits", [] { return with_pax("uid", "18446744073709551616"); }, "32-bit"},
    {"PaxUserThatOverflowsToRoot", [] { return with_pax("uid", "4294967296"); }, "32-bit"},
    {"PaxGroupThatIsNegative", [] { return with_pax("gid", "-1"); }, "32-bit"},
    {"AccessListsThatTakeMinutes",
     [] {
       std::string list;
       for (int i = 0; list.size() < 950'000; ++i) list += fmt::format("u:{}:r\n", i);
       return repeated(forged_extension('x', pax_record("SCHILY.acl.access", list)) + forged_file("file", ""), 20) +
              end_of_tar();
     },
     "access control list"},
    {"AccessListInManyRecords",
     [] {
       std::string records;
       for (int i = 0; i < 25'000; ++i) records += pax_record("SCHILY.acl.default", fmt::format("u:{}:r", i));
       return extended(records);
     },
     "access control list"},
    {"AccessListOfAFewUsers", [] { return with_pax("SCHILY.acl.access", "user::rw-,user:a:r--:7,mask::r--"); },
     kHarmless},
    {"PaxRecordLongerThanItsHeader", [] { return extended("999999 path=a\n"); }, "pax"},
    {"PaxRecordWithoutLength", [] { return extended("path=a\n"); }, "pax"},
    {"PaxRecordOfLengthZero", [] { return extended("0 path=a\n"); }, "pax"},
    {"PaxRecordWithoutLineEnd", [] { return extended("8 path=a"); }, "pax"},
    {"PaxRecordOfAHugeLength", [] { return extended("99999999999999999999 path=a\n"); }, "pax"},
    {"PaxRecordWithoutKey", [] { return extended("5 =a\n"); }, "pax"},
    {"PaxHeaderOf4MiB", [] { return with_pax("comment", std::string(4U << 20U, 'c')); }, "extended"},
    {"GnuLongNameOf4MiB", [] { return extended(std::string(4U << 20U, 'n'), 'L'); }, "extended"},
    {"PaxHeaderThatClaims8GiB",
     [] {
       return block([](ForgedHeader& h) {
                h.type = 'x';
                h.size_field = "77777777777";
              }) +
              end_of_tar();
     },
     "extended"},
    {"ManyPaxRecordsTakeNoTime", [] { return extended(repeated(pax_record("comment", "c"), 60'000)); }, kHarmless},
};

const HostileCase kFrames[] = {
    {"Nothing", [] { return std::string(); }, "tar"},
    {"HalfAHeader", [] { return named("file").substr(0, 300); }, "tar"},
    {"WithoutEnd", [] { return forged_file("file", "x"); }, "tar"},
    {"OneZeroBlockIsAnEnd", [] { return forged_file("file", "x") + std::string(512, '\0'); }, kHarmless},
    {"AnArchiveBehindTheEnd", [] { return named("file") + named("evil"); }, "behind"},
    {"TextBehindTheEnd", [] { return named("file") + "evil"; }, "tar"},
    {"AWrongChecksum",
     [] {
       std::string tar = named("file");
       tar[0] = 'F';
       return tar;
     },
     "tar"},
    {"OnlyOnes", [] { return std::string(1'000'000, '\xFF'); }, "tar"},
    {"ZerosWithoutEndTakeNoTime", [] { return std::string(50U << 20U, '\0'); }, kHarmless},
    {"ManyEntriesTakeNoTime", [] { return repeated(forged_file("file", ""), 10'000) + end_of_tar(); }, kHarmless},
};

INSTANTIATE_TEST_SUITE_P(Names, HostileTar, ::testing::ValuesIn(kNames), hostile_name);
INSTANTIATE_TEST_SUITE_P(Kinds, HostileTar, ::testing::ValuesIn(kKinds), hostile_name);
INSTANTIATE_TEST_SUITE_P(Numbers, HostileTar, ::testing::ValuesIn(kNumbers), hostile_name);
INSTANTIATE_TEST_SUITE_P(Frames, HostileTar, ::testing::ValuesIn(kFrames), hostile_name);

/// ar(5), as .debs use it.
std::string ar_member(const std::string& name, const std::string& size, const std::string& content,
                      const std::string& end = "`\n") {
  return fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}", name, 0, 0, 0, "100644", size) + end + content;
}
std::string ar(const std::string& members) { return "!<arch>\n" + members; }

class HostileAr : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileAr, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    const MemoryFile file(Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end()));
    for (const ArMember& member : read_ar_directory(file)) EXPECT_LE(member.offset + member.size_bytes, bytes.size());
  });
}

const HostileCase kAr[] = {
    {"Nothing", [] { return std::string(); }, "ar"},
    {"ThinArchive", [] { return "!<thin>\n" + ar_member("a", "0", ""); }, "ar"},
    {"HalfAHeader", [] { return ar(std::string(30, ' ')); }, "ar"},
    {"SizeBehindTheEnd", [] { return ar(ar_member("a", "9999999999", "x")); }, "ar"},
    {"NegativeSize", [] { return ar(ar_member("a", "-1", "x")); }, "ar"},
    {"SizeInHexadecimal", [] { return ar(ar_member("a", "0x1", "x")); }, "ar"},
    {"SizeMissing", [] { return ar(ar_member("a", "", "x")); }, "ar"},
    {"LongNameTable", [] { return ar(ar_member("//", "2", "xx")); }, "ar"},
    {"LongNameOfBsd", [] { return ar(ar_member("#1/100", "2", "xx")); }, "ar"},
    {"SymbolTable", [] { return ar(ar_member("/", "2", "xx")); }, "ar"},
    {"NameLeadsUp", [] { return ar(ar_member("../evil", "2", "xx")); }, "ar"},
    {"NameEmpty", [] { return ar(ar_member("", "2", "xx")); }, "ar"},
    {"WrongEndOfHeader", [] { return ar(ar_member("a", "2", "xx", "``")); }, "ar"},
    {"ManyMembers", [] { return ar(repeated(ar_member("a", "0", ""), 100'000)); }, "ar"},
};

INSTANTIATE_TEST_SUITE_P(Members, HostileAr, ::testing::ValuesIn(kAr), hostile_name);

}  // namespace
}  // namespace mlbuild::test
