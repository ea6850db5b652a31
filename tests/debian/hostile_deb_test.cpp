// .debs, control files and package lists that were made to harm: deb(5), Debian policy 5 and 7.

#include "support/deb_builder.hpp"
#include "support/hostile.hpp"

#include "mlbuild/debian/closure.hpp"
#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/debian/packages_index.hpp"
#include "mlbuild/debian/version.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

std::string text_of(const DebBuilder& deb) { return std::string(as_text(deb.build())); }
std::string built(const std::function<void(DebBuilder&)>& edit) {
  DebBuilder deb;
  deb.file("usr/bin/toy", "x", 0755);
  edit(deb);
  return text_of(deb);
}
std::string with_data(const std::string& tar) {
  return built([&](DebBuilder& deb) { deb.raw_data_tar = tar; });
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class HostileDeb : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileDeb, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    const MemoryFile file(Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end()));
    const debian::DebFile deb(file);
    deb.read_control();
    deb.read_data([&](const TarEntry& entry, Source& content) {
      EXPECT_EQ(why_unsafe_path(entry.path), "");
      NullSink nowhere;
      copy(content, nowhere);
    });
  });
}

const HostileCase kDebs[] = {
    {"Nothing", [] { return std::string(); }, "ar"},
    {"OfFormatThree", [] { return replaced(built([](auto&) {}), "2.0\n", "3.0\n"); }, "debian-binary"},
    {"ControlBehindData",
     [] {
       return replaced(replaced(built([](auto&) {}), "data.tar   ", "control.tar"), "control.tar ", "data.tar    ");
     },
     "member"},
    {"TwoDataMembers", [] { return built([](auto& d) { d.more_members.emplace_back("data.tar.xz", "x"); }); },
     "members"},
    {"TwoControlMembers", [] { return built([](auto& d) { d.more_members.emplace_back("control.tar.xz", "x"); }); },
     "members"},
    {"NameLeadsUp", [] { return with_data(raw_tar("../evil", '0', "x")); }, "../evil"},
    {"NameIsAbsolute", [] { return with_data(raw_tar("/etc/shadow", '0', "x")); }, "/etc/shadow"},
    {"Whiteout", [] { return with_data(raw_tar("usr/bin/.wh.python3", '0')); }, "delete files"},
    {"OpaqueWhiteout", [] { return with_data(raw_tar("etc/.wh..wh..opq", '0')); }, "delete files"},
    {"WhiteoutAsADirectory", [] { return with_data(raw_tar("etc/.wh.apt/x", '0')); }, "delete files"},
    {"Device", [] { return with_data(raw_tar("dev/sda", '4')); }, "neither file"},
    {"HardLinkLeadsUp", [] { return with_data(raw_tar("evil", '1', "", "../../etc/shadow")); }, "shadow"},
    {"DataThatIsNoTar", [] { return with_data(std::string(2048, 'x')); }, "tar"},
    {"DataBomb",
     [] { return with_data(std::string(as_text(Deflater(6).gzip_member(as_bytes(std::string(50'000'000, 'x')))))); },
     "tar"},
    {"ControlFileThatIsALink", [] { return built([](auto& d) { d.control_files["control"] = ""; }); }, "control"},
    {"ControlOf20Megabytes",
     [] { return built([](auto& d) { d.control_files["postinst"] = std::string(20'000'000, '#'); }); }, "larger"},
    {"AHundredThousandControlFiles",
     [] {
       return built([](auto& d) {
         for (int i = 0; i < 100'000; ++i) d.control_files[fmt::format("note-{}", i)] = "";
       });
     },
     "control files"},
    {"ControlWithTwoParagraphs",
     [] { return built([](auto& d) { d.control_files["control"] = "Package: a\n\nPackage: b\n"; }); }, "paragraph"},
};
INSTANTIATE_TEST_SUITE_P(Archives, HostileDeb, ::testing::ValuesIn(kDebs), hostile_name);

class HostileControl : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileControl, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { debian::read_stanza(text); });
}

const HostileCase kControls[] = {
    {"Nothing", [] { return std::string(); }, "empty"},
    {"LineThatIsNoField", [] { return std::string("Package: toy\nevil\n"); }, "no field"},
    {"FieldTwice", [] { return std::string("Package: toy\nPackage: evil\n"); }, "twice"},
    {"FieldTwiceInCapitals", [] { return std::string("Package: toy\npackage: evil\n"); }, "twice"},
    {"BeginsWithAContinuation", [] { return std::string(" evil\nPackage: toy\n"); }, "continues no field"},
    {"NulByte", [] { return std::string("Package: toy\0evil\n", 18); }, "NUL"},
    {"NameIsEmpty", [] { return std::string(": evil\n"); }, "no field"},
    {"EndlessLine", [] { return "Package: " + std::string(3'000'000, 'a'); }, "too long"},
    {"EndlessParagraph", [] { return "Package: a\n" + repeated(" b\n", 1'000'000); }, "control"},
    {"ManyFields",
     [] {
       std::string text;
       for (int i = 0; i < 20'000; ++i) text += fmt::format("Field-{}: x\n", i);
       return text;
     },
     "too many"},
};
INSTANTIATE_TEST_SUITE_P(Fields, HostileControl, ::testing::ValuesIn(kControls), hostile_name);

const std::string kEntry =
    "Package: toy\nVersion: 1.0\nArchitecture: amd64\nFilename: pool/t/toy.deb\nSize: 1\nSHA256: " +
    std::string(64, 'a') + "\n";

class HostilePackages : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostilePackages, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    SpanSource source(as_bytes(text));
    debian::PackagesIndex index;
    index.add(source, "suite");
    debian::ClosureRequest request;
    request.wanted = {"toy"};
    debian::resolve_closure(index, request);
  });
}

const HostileCase kPackages[] = {
    {"FilenameLeadsUp", [] { return replaced(kEntry, "pool/t", "pool/../../.."); }, "unsafe path"},
    {"FilenameIsAbsolute", [] { return replaced(kEntry, "pool/", "/pool/"); }, "unsafe path"},
    {"FilenameIsAUrl", [] { return replaced(kEntry, "pool/t", "https://evil.example"); }, "unsafe path"},
    {"FilenameHasAQuery", [] { return replaced(kEntry, "toy.deb", "toy.deb?evil"); }, "unsafe path"},
    {"FilenameHasABlank", [] { return replaced(kEntry, "toy.deb", "to y.deb"); }, "unsafe path"},
    {"FilenameIsMissing", [] { return replaced(kEntry, "Filename: pool/t/toy.deb\n", ""); }, "unsafe path"},
    {"SizeIsNegative", [] { return replaced(kEntry, "Size: 1", "Size: -1"); }, "no number"},
    {"SizeIsBeyond64Bits", [] { return replaced(kEntry, "Size: 1", "Size: 99999999999999999999"); }, "no number"},
    {"SizeIsMissing", [] { return replaced(kEntry, "Size: 1\n", ""); }, "no number"},
    {"DigestIsMissing", [] { return replaced(kEntry, "SHA256", "MD5sum"); }, "digest"},
    {"DigestIsShort", [] { return replaced(kEntry, "aaaa\n", "\n"); }, "digest"},
    {"DependsIsNonsense", [] { return kEntry + "Depends: a (>> 1\n"; }, "relationship"},
    {"DependsOnAPath", [] { return kEntry + "Depends: ../evil\n"; }, "relationship"},
    {"ProvidesIsNonsense", [] { return kEntry + "Provides: ((((\n"; }, "relationship"},
    {"DependsOnItselfAndOthersInACircle",
     [] { return kEntry + "Depends: b\n\n" + replaced(kEntry, "Package: toy", "Package: b") + "Depends: toy\n"; },
     kHarmless},
    {"AChainOfThousandsTakesNoStack",
     [] {
       std::string text = kEntry + "Depends: p0\n\n";
       for (int i = 0; i < 3000; ++i) {
         text += replaced(kEntry, "Package: toy", fmt::format("Package: p{}", i));
         if (i < 2999) text += fmt::format("Depends: p{}\n", i + 1);
         text += "\n";
       }
       return text;
     },
     kHarmless},
    {"ManyAlternativesTakeNoTime",
     [] {
       std::string text = kEntry + "Depends: ";
       for (int i = 0; i < 10'000; ++i) text += fmt::format("n{} | ", i);
       return text + "toy\n";
     },
     kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Entries, HostilePackages, ::testing::ValuesIn(kPackages), hostile_name);

}  // namespace
}  // namespace mlbuild::test
