// Each odd wheel of docs/formats/layer.md, "Odd wheels", with its answer.
#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/wheel_layer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <tuple>

namespace mlbuild::test {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

WheelBuilder toy() { return WheelBuilder::named("toy").add("toy.py", "answer = 42\n"); }

ZipInput zip_file(std::string name, std::string content) {
  ZipInput file;
  file.name = std::move(name);
  file.content = std::move(content);
  return file;
}

/// Everything an error says, so that a test can ask for the wheel and the member.
std::string refusal(const WheelBuilder& wheel) {
  try {
    std::ignore = install({wheel});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    std::string text = error.message();
    for (const std::string& context : error.context()) text += "; " + context;
    EXPECT_THAT(text, HasSubstr(wheel.filename()));
    return text;
  }
  return "accepted";
}

std::vector<std::string> warnings_of(const WheelBuilder& wheel) { return install({wheel}).facts.warnings; }

TEST(OddWheel, ParentPathIsRefused) { EXPECT_THAT(refusal(toy().add("../evil.py", "x")), HasSubstr("../evil.py")); }

TEST(OddWheel, AbsolutePathIsRefused) { EXPECT_THAT(refusal(toy().add("/evil.py", "x")), HasSubstr("/evil.py")); }

TEST(OddWheel, ParentPathInDataIsRefused) {
  EXPECT_THAT(refusal(toy().add("toy-1.0.data/scripts/../../evil", "x")), HasSubstr("evil"));
}

TEST(OddWheel, ParentPathOfDirectoryMemberIsRefused) {
  EXPECT_THAT(refusal(toy().add("../evil/", "", 0040755)), HasSubstr("../evil"));
}

TEST(OddWheel, UnknownDataSchemeIsRefused) {
  EXPECT_THAT(refusal(toy().add("toy-1.0.data/etc/passwd", "x")), HasSubstr("unknown scheme `etc`"));
}

TEST(OddWheel, FileBesideDataSchemesIsRefused) {
  EXPECT_THAT(refusal(toy().add("toy-1.0.data/stray", "x")), HasSubstr("toy-1.0.data/stray"));
}

TEST(OddWheel, DataDirectoryOfOtherSpellingCounts) {
  const ReadLayer layer = install({toy().add("TOY-1.0.data/data/share/toy.txt", "x")});
  EXPECT_TRUE(layer.has("usr/local/share/toy.txt"));
}

TEST(OddWheel, DuplicateWithOtherContentIsRefused) {
  WheelBuilder wheel = toy().add("toy.py", "answer = 43\n");
  EXPECT_THAT(refusal(wheel), AnyOf(HasSubstr("member `toy.py` is there twice"), HasSubstr("duplicate")));
}

TEST(OddWheel, DuplicateWithEqualContentIsOneFile) {
  EXPECT_EQ(install({toy().add("toy.py", "answer = 42\n")}).content(kSite + "toy.py"), "answer = 42\n");
}

TEST(OddWheel, SymlinkMemberIsRefused) {
  EXPECT_THAT(refusal(toy().add("link", "/etc/passwd", 0120777)), HasSubstr("symbolic link"));
}

TEST(OddWheel, DeviceMemberIsRefused) { EXPECT_THAT(refusal(toy().add("tty", "", 0020666)), HasSubstr("tty")); }

TEST(OddWheel, WhiteoutIsRefused) {
  EXPECT_THAT(refusal(toy().add("numpy/.wh.core", "")), HasSubstr("would delete files of a layer"));
}

TEST(OddWheel, WrongRecordHashIsRefused) {
  WheelBuilder wheel = toy();
  wheel.record_rows["toy.py"] = "toy.py," + record_hash_of("other") + ",12";
  EXPECT_THAT(refusal(wheel), HasSubstr("`toy.py` does not match RECORD"));
}

TEST(OddWheel, WrongRecordSizeIsRefused) {
  WheelBuilder wheel = toy();
  wheel.record_rows["toy.py"] = "toy.py," + record_hash_of("answer = 42\n") + ",13";
  EXPECT_THAT(refusal(wheel), HasSubstr("`toy.py` has 12 bytes, RECORD says 13"));
}

TEST(OddWheel, WrongRecordHashOfRewrittenScriptIsRefused) {
  WheelBuilder wheel = toy().add("toy-1.0.data/scripts/run", "#!python\n");
  wheel.record_rows["toy-1.0.data/scripts/run"] = "toy-1.0.data/scripts/run," + record_hash_of("other") + ",9";
  EXPECT_THAT(refusal(wheel), HasSubstr("does not match RECORD"));
}

TEST(OddWheel, RecordRowsThatContradictEachOtherAreRefused) {
  WheelBuilder wheel = toy();
  wheel.more_record = "toy.py," + record_hash_of("other") + ",12\n";
  EXPECT_THAT(refusal(wheel), HasSubstr("RECORD lists `toy.py` twice"));
}

TEST(OddWheel, Md5RecordIsWarnedAboutAndReplaced) {
  WheelBuilder wheel = toy();
  wheel.record_rows["toy.py"] = "toy.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,12";
  const ReadLayer layer = install({wheel});
  EXPECT_THAT(layer.facts.warnings, ElementsAre(HasSubstr("RECORD has no sha256 hash for `toy.py`")));
  EXPECT_THAT(layer.content(kSite + "toy-1.0.dist-info/RECORD"),
              HasSubstr("toy.py," + record_hash_of("answer = 42\n")));
}

TEST(OddWheel, MissingRecordRowIsWarnedAboutAndAdded) {
  WheelBuilder wheel = toy();
  wheel.record_rows["toy.py"] = "";
  const ReadLayer layer = install({wheel});
  EXPECT_THAT(layer.facts.warnings, ElementsAre(HasSubstr("RECORD does not list `toy.py`")));
  EXPECT_THAT(layer.content(kSite + "toy-1.0.dist-info/RECORD"),
              HasSubstr("toy.py," + record_hash_of("answer = 42\n")));
}

TEST(OddWheel, GhostRecordRowIsWarnedAboutAndDropped) {
  WheelBuilder wheel = toy();
  wheel.more_record = "ghost.py,,\nother.py,,\n";
  const ReadLayer layer = install({wheel});
  EXPECT_THAT(layer.facts.warnings, ElementsAre(HasSubstr("RECORD lists a missing file `ghost.py` and 1 more")));
  EXPECT_THAT(layer.content(kSite + "toy-1.0.dist-info/RECORD"), ::testing::Not(HasSubstr("ghost")));
}

TEST(OddWheel, RecordHashWithPaddingIsTheSameHash) {
  WheelBuilder wheel = toy();
  wheel.record_rows["toy.py"] = "toy.py," + record_hash_of("answer = 42\n") + "=,12";
  EXPECT_THAT(warnings_of(wheel), IsEmpty());
}

TEST(OddWheel, WithoutRecordIsRefused) {
  WheelBuilder wheel = toy();
  wheel.with_record = false;
  EXPECT_THAT(refusal(wheel), HasSubstr("toy-1.0.dist-info/RECORD"));
}

TEST(OddWheel, WithoutWheelFileIsRefused) {
  WheelBuilder wheel = toy();
  wheel.with_wheel_file = false;
  EXPECT_THAT(refusal(wheel), HasSubstr("toy-1.0.dist-info/WHEEL"));
}

TEST(OddWheel, WithoutMetadataIsRefused) {
  WheelBuilder wheel = toy();
  wheel.with_metadata = false;
  EXPECT_THAT(refusal(wheel), HasSubstr("toy-1.0.dist-info/METADATA"));
}

TEST(OddWheel, WheelVersionTwoIsRefused) {
  WheelBuilder wheel = toy();
  wheel.wheel_file = "Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
  EXPECT_THAT(refusal(wheel), HasSubstr("Wheel-Version `2.0`"));
}

TEST(OddWheel, WheelVersionOneNineIsAcceptedWithWarning) {
  WheelBuilder wheel = toy();
  wheel.wheel_file = "Wheel-Version: 1.9\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
  EXPECT_THAT(warnings_of(wheel), ElementsAre(HasSubstr("Wheel-Version `1.9`")));
}

TEST(OddWheel, OtherPythonIsRefused) {
  WheelBuilder wheel = toy();
  wheel.metadata += "Requires-Python: >=3.12\n";
  EXPECT_THAT(refusal(wheel), HasSubstr("requires Python `>=3.12`"));
}

TEST(OddWheel, UnreadableRequiresPythonIsWarnedAbout) {
  WheelBuilder wheel = toy();
  wheel.metadata += "Requires-Python: three or so\n";
  EXPECT_THAT(warnings_of(wheel), ElementsAre(HasSubstr("Requires-Python `three or so`")));
}

TEST(OddWheel, DistInfoOfOtherNameIsRefused) {
  WheelBuilder wheel = toy();
  wheel.dist_info = "boy-1.0.dist-info";
  EXPECT_THAT(refusal(wheel), HasSubstr("boy-1.0.dist-info"));
}

TEST(OddWheel, DistInfoOfOtherVersionIsRefused) {
  WheelBuilder wheel = toy();
  wheel.dist_info = "toy-1.1.dist-info";
  EXPECT_THAT(refusal(wheel), HasSubstr("toy-1.1.dist-info"));
}

TEST(OddWheel, MetadataOfOtherVersionIsRefused) {
  WheelBuilder wheel = toy();
  wheel.metadata = "Metadata-Version: 2.1\nName: toy\nVersion: 1.1\n";
  EXPECT_THAT(refusal(wheel), HasSubstr("METADATA version `1.1`"));
}

TEST(OddWheel, NameOfOtherSpellingIsTheSameName) {
  WheelBuilder wheel = WheelBuilder::named("toy_box");
  wheel.dist_info = "Toy.Box-1.0.dist-info";
  wheel.metadata = "Metadata-Version: 2.1\nName: Toy-Box\nVersion: 1\n";
  EXPECT_THAT(warnings_of(wheel), IsEmpty());
}

TEST(OddWheel, TwoDistInfosAreRefused) {
  EXPECT_THAT(refusal(toy().add("boy-1.0.dist-info/METADATA", "x")), HasSubstr("two `.dist-info` directories"));
}

TEST(OddWheel, CompressedTagsOfWheelFileCount) {
  WheelBuilder wheel = toy();
  wheel.tag = "py2.py3-none-any";
  wheel.wheel_file = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp311.py3-abi3.none-linux_x86_64.any\n";
  EXPECT_THAT(warnings_of(wheel), IsEmpty());
  wheel.wheel_file = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-abi3-any\nTag: cp311-none-any\n";
  EXPECT_THAT(warnings_of(wheel), ElementsAre(HasSubstr("no tag of the file name")));
}

TEST(OddWheel, OtherTagInWheelFileIsWarnedAbout) {
  WheelBuilder wheel = toy();
  wheel.wheel_file = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp311-cp311-linux_x86_64\n";
  EXPECT_THAT(warnings_of(wheel), ElementsAre(HasSubstr("no tag of the file name")));
}

TEST(OddWheel, AliasesOfATagAreNoWarning) {
  WheelBuilder wheel = toy();
  wheel.tag = "py2.py3-none-any";
  EXPECT_THAT(warnings_of(wheel), IsEmpty());
  wheel.wheel_file = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2.py3-none-any\n";
  EXPECT_THAT(warnings_of(wheel), IsEmpty());
}

TEST(OddWheel, StoredMemberIsAccepted) {
  ZipInput stored = zip_file("data.bin", std::string(100'000, 's'));
  stored.method = 0;
  EXPECT_EQ(install({toy().add(stored)}).content(kSite + "data.bin"), stored.content);
}

TEST(OddWheel, Zip64MemberIsAccepted) {
  ZipInput large = zip_file("data.bin", "not large at all");
  large.zip64 = true;
  EXPECT_EQ(install({toy().add(large)}).content(kSite + "data.bin"), large.content);
}

TEST(OddWheel, DataDescriptorIsAccepted) {
  ZipInput streamed = zip_file("data.bin", "written without looking back");
  streamed.data_descriptor = true;
  EXPECT_EQ(install({toy().add(streamed)}).content(kSite + "data.bin"), streamed.content);
}

TEST(OddWheel, ArchiveCommentIsAccepted) {
  WheelBuilder wheel = toy();
  wheel.comment = "bytes behind the end";
  EXPECT_TRUE(install({wheel}).has(kSite + "toy.py"));
}

TEST(OddWheel, Bzip2AndLzmaMembersAreRefused) {
  for (const std::uint16_t method : std::array<std::uint16_t, 2>{12, 14}) {
    ZipInput odd = zip_file("data.bin", "x");
    odd.method = method;
    EXPECT_THAT(refusal(toy().add(odd)), HasSubstr("data.bin"));
  }
}

TEST(OddWheel, BytesBeforeTheZipAreRefused) {
  WheelBuilder wheel = toy();
  wheel.before = "#!/bin/sh\nexit 1\n";
  EXPECT_NE(refusal(wheel), "accepted");
}

TEST(OddWheel, LocalNameOtherThanCentralIsRefused) {
  ZipInput two_faced = zip_file("good.py", "x");
  two_faced.local_name = "evil.py";
  EXPECT_THAT(refusal(toy().add(two_faced)), HasSubstr("good.py"));
}

TEST(OddWheel, WrongCrcIsRefused) {
  for (const std::uint16_t method : std::array<std::uint16_t, 2>{0, 8}) {
    ZipInput damaged = zip_file("data.bin", "some content");
    damaged.method = method;
    damaged.crc32 = 1;
    EXPECT_THAT(refusal(toy().add(damaged)), HasSubstr("data.bin"));
  }
}

TEST(OddWheel, EncryptedMemberIsRefused) {
  ZipInput secret = zip_file("data.bin", "x");
  secret.flags |= 1U;
  EXPECT_THAT(refusal(toy().add(secret)), HasSubstr("data.bin"));
}

TEST(OddWheel, NameThatIsNoUtf8IsRefused) {
  ZipInput old_name = zip_file("caf\x82.py", "x");
  old_name.flags = 0;
  EXPECT_NE(refusal(toy().add(old_name)), "accepted");
}

TEST(OddWheel, NewlineInNameIsRefused) { EXPECT_NE(refusal(toy().add("a\nb.py", "x")), "accepted"); }

TEST(OddWheel, BytecodeCacheIsSkipped) {
  const ReadLayer layer = install({toy().add("__pycache__/toy.cpython-311.pyc", "x").add("a/__pycache__/b.pyc", "x")});
  EXPECT_FALSE(layer.has(kSite + "__pycache__"));
  EXPECT_FALSE(layer.has(kSite + "a"));
  EXPECT_THAT(layer.content(kSite + "toy-1.0.dist-info/RECORD"), ::testing::Not(HasSubstr("__pycache__")));
}

TEST(OddWheel, EntryPointWithoutCallableIsRefused) {
  EXPECT_NE(refusal(toy().entry_points("[console_scripts]\nrun = toy\n")), "accepted");
}

TEST(OddWheel, EntryPointOutsideTheScriptDirectoryIsRefused) {
  EXPECT_NE(refusal(toy().entry_points("[console_scripts]\n../run = toy:main\n")), "accepted");
}

TEST(OddWheel, EntryPointBeatsScriptOfItsName) {
  WheelBuilder wheel = toy().entry_points("[console_scripts]\nrun = toy:main\n");
  wheel.add("toy-1.0.data/scripts/run", "#!python\nold\n").add("toy-1.0.data/scripts/run-script.py", "old\n");
  const ReadLayer layer = install({wheel});
  EXPECT_THAT(layer.content(kBin + "run"), HasSubstr("from toy import main"));
  EXPECT_FALSE(layer.has(kBin + "run-script.py"));
  EXPECT_THAT(layer.facts.warnings, Contains(HasSubstr("script `run` gives way")));
}

TEST(OddWheel, NestedScriptDirectoryIsAccepted) {
  const ReadLayer layer = install({toy().add("toy-1.0.data/scripts/tools/run", "#!python\n")});
  EXPECT_EQ(layer.content(kBin + "tools/run"), "#!/usr/local/bin/python\n");
}

TEST(OddWheel, EmptyDirectoryMemberIsNotMade) {
  const ReadLayer layer = install({toy().add("empty/", "", 0040755)});
  EXPECT_FALSE(layer.has(kSite + "empty"));
}

TEST(OddWheel, NamesThatDifferInCaseOnlyAreTwoFiles) {
  const ReadLayer layer = install({toy().add("Toy.py", "other\n")});
  EXPECT_EQ(layer.content(kSite + "toy.py"), "answer = 42\n");
  EXPECT_EQ(layer.content(kSite + "Toy.py"), "other\n");
}

TEST(OddWheel, FileThatIsAlsoADirectoryIsRefused) {
  EXPECT_THAT(refusal(toy().add("a", "x").add("a-b", "x").add("a/b", "x")), HasSubstr("a file and a directory"));
}

TEST(OddWheel, DeflateStreamWithBytesBehindItsEndIsRefused) {
  ZipInput member = zip_file("data.bin", "some content");
  member.stream = std::string(as_text(Deflater(6).raw(as_bytes(member.content)))) + "hidden";
  EXPECT_THAT(refusal(toy().add(member)), HasSubstr("data.bin"));
}

TEST(OddWheel, TruncatedDeflateStreamIsRefused) {
  ZipInput member = zip_file("data.bin", "some content that is long enough to be cut");
  member.stream = std::string(as_text(Deflater(6).raw(as_bytes(member.content)))).substr(0, 10);
  EXPECT_THAT(refusal(toy().add(member)), HasSubstr("data.bin"));
}

TEST(OddWheel, ContentLongerThanItClaimsIsRefused) {
  ZipInput bomb = zip_file("data.bin", std::string(5'000'000, '\0'));
  bomb.size_bytes = 10;
  WheelBuilder wheel = toy().add(bomb);
  wheel.record_rows["data.bin"] = "data.bin," + record_hash_of(bomb.content) + ",10";
  EXPECT_THAT(refusal(wheel), HasSubstr("longer than the 10 bytes"));
}

TEST(OddWheel, BombIsRefusedBeforeItIsInflated) {
  ZipInput bomb = zip_file("data.bin", "x");
  bomb.stream = std::string(4'300'000, '\0');  // enough for deflate to hold what it claims
  bomb.size_bytes = 0xFFFFFFF0U;
  EXPECT_THAT(refusal(toy().add(bomb)), HasSubstr("times its size"));
}

}  // namespace
}  // namespace mlbuild::test
