// What indexes and mirrors say, made to harm: project pages (PEP 503, 691; CVE-2026-13346: file names decoded twice)
// and Release files. A page's bad entry is left out; a page that is none is refused.

#include "support/hostile.hpp"

#include "mlbuild/index/python_index.hpp"
#include "mlbuild/index/release.hpp"

namespace mlbuild::test {
namespace {

constexpr const char* kPage = "https://index.example/simple/toy/";
const std::string kHex(64, 'a');

void expect_safe(const std::vector<IndexFile>& files) {
  for (const IndexFile& file : files) {
    EXPECT_FALSE(file.filename.empty());
    EXPECT_EQ(file.filename.find_first_of(std::string("/\\\n\0", 4)), std::string::npos) << file.filename;
    EXPECT_NE(file.filename, "..");
    EXPECT_TRUE(file.url.starts_with("http")) << file.url;
    EXPECT_EQ(file.url.find('@'), std::string::npos) << file.url;
  }
}

class HostileHtml : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileHtml, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign,
                  [](const std::string& page) { expect_safe(parse_simple_html(page, kPage)); });
}

std::string link(const std::string& href) { return "<!DOCTYPE html><a href=\"" + href + "\">toy</a>"; }

const HostileCase kPages[] = {
    {"LocalFile", [] { return link("file:///etc/passwd"); }, kHarmless},
    {"Script", [] { return link("javascript:evil()"); }, kHarmless},
    {"OtherScheme", [] { return link("gopher://evil.example/toy-1.0.tar.gz"); }, kHarmless},
    {"EncodedSlashes", [] { return link("..%2F..%2Fevil.whl"); }, kHarmless},
    {"DoublyEncodedSlashes", [] { return link("..%252F..%252Fevil.whl"); }, kHarmless},
    {"EncodedDots", [] { return link("%2E%2E"); }, kHarmless},
    {"EncodedNul", [] { return link("toy%00.whl"); }, kHarmless},
    {"EncodedLineEnd", [] { return link("toy%0A.whl"); }, kHarmless},
    {"SlashesAsEntities", [] { return link("https://i.example/..&#47;..&#47;evil.whl"); }, kHarmless},
    {"EntityBeyondUnicode", [] { return link("https://i.example/&#1114112;&#xFFFFFFFFFF;.whl"); }, kHarmless},
    {"EntitiesOfEntities", [] { return link("https://i.example/&amp;#47;a.whl"); }, kHarmless},
    {"PasswordInTheLink", [] { return link("https://user:secret@i.example/toy-1.0.tar.gz"); }, kHarmless},
    {"BaseThatIsLocal", [] { return "<base href=\"file:///\">" + link("etc/passwd"); }, ""},
    {"TagThatNeverEnds", [] { return "<a " + std::string(5'000'000, 'a'); }, kHarmless},
    {"QuoteThatNeverEnds", [] { return "<a href=\"" + std::string(5'000'000, 'a'); }, kHarmless},
    {"CommentThatNeverEnds", [] { return "<!--" + std::string(5'000'000, '-'); }, kHarmless},
    {"OnlyOpeningTagsTakeNoTime", [] { return repeated("<a ", 300'000); }, kHarmless},
    {"OnlyOpeningCommentsTakeNoTime", [] { return repeated("<!--", 300'000); }, kHarmless},
    {"OnlyAmpersandsTakeNoTime", [] { return link("https://i.example/" + std::string(500'000, '&')); }, kHarmless},
    {"ManyAttributesTakeNoTime", [] { return "<a " + repeated("href=x ", 300'000) + ">"; }, kHarmless},
    {"NulBytes", [] { return link(std::string("toy\0-1.0.tar.gz", 15)); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Pages, HostileHtml, ::testing::ValuesIn(kPages), hostile_name);

class HostileSimpleJson : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileSimpleJson, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign,
                  [](const std::string& page) { expect_safe(parse_simple_json(page, kPage)); });
}

std::string page(const std::string& files) { return R"({"meta":{"api-version":"1.0"},"files":[)" + files + "]}"; }
std::string entry(const std::string& filename, const std::string& url, const std::string& more = "") {
  return R"({"filename":")" + filename + R"(","url":")" + url + R"(","hashes":{"sha256":")" + kHex + "\"}" + more + "}";
}

const HostileCase kJsonPages[] = {
    {"Nothing", [] { return std::string(); }, "JSON"},
    {"Deep", [] { return R"({"meta":)" + repeated("[", 500'000); }, "malformed"},
    {"LaterApi", [] { return std::string(R"({"meta":{"api-version":"2.0"},"files":[]})"); }, "unknown"},
    {"NameLeadsUp", [] { return page(entry("../evil.whl", "https://i.example/a")); }, kHarmless},
    {"NameIsAbsolute", [] { return page(entry("/etc/evil.whl", "https://i.example/a")); }, kHarmless},
    {"NameHasANul", [] { return page(entry("toy\\u0000.whl", "https://i.example/a")); }, kHarmless},
    {"NameIsTwoDots", [] { return page(entry("..", "https://i.example/a")); }, kHarmless},
    {"LocalFile", [] { return page(entry("toy-1.0.tar.gz", "file:///etc/passwd")); }, kHarmless},
    {"NegativeSize", [] { return page(entry("toy-1.0.tar.gz", "https://i.example/a", R"(,"size":-1)")); }, ""},
    {"SizeBeyond64Bits", [] { return page(entry("toy-1.0.tar.gz", "https://i.example/a", R"(,"size":1e400)")); },
     "JSON"},
    {"HashesThatAreAList", [] { return page(R"({"filename":"a.whl","url":"https://i.example/a","hashes":[1]})"); },
     "hashes"},
    {"FilesThatAreText", [] { return std::string(R"({"meta":{"api-version":"1.0"},"files":"a"})"); }, "files"},
    {"EntryThatIsANumber", [] { return page("7"); }, "no object"},
    {"BytesBehindANul", [] { return page("") + std::string("\0evil", 5); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Pages, HostileSimpleJson, ::testing::ValuesIn(kJsonPages), hostile_name);

class HostileRelease : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileRelease, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { Release::parse(text); });
}

const std::string kDate = "Date: Sat, 11 Jul 2026 10:16:37 UTC\n";
std::string release(const std::string& line, const std::string& date = kDate) {
  return date + "SHA256:\n " + line + "\n";
}

const HostileCase kReleases[] = {
    {"Nothing", [] { return std::string(); }, "Date"},
    {"LineThatIsNoField", [] { return "evil\n" + release(kHex + " 1 a"); }, "no field"},
    {"DayThatIsNone", [] { return release(kHex + " 1 a", "Date: Sat, 99 Jul 2026 10:16:37 UTC\n"); }, "no date"},
    {"YearBeyondAllNumbers", [] { return release(kHex + " 1 a", "Date: Sat, 11 Jul 99999999999 10:16:37 UTC\n"); },
     "no date"},
    {"OtherZone", [] { return release(kHex + " 1 a", "Date: Sat, 11 Jul 2026 10:16:37 -1200\n"); }, "no date"},
    {"ShortDigest", [] { return release("aa 1 a"); }, "is not a sha256 digest"},
    {"NegativeSize", [] { return release(kHex + " -1 a"); }, "no size"},
    {"SizeBeyond64Bits", [] { return release(kHex + " 99999999999999999999 a"); }, "no size"},
    {"WithoutPath", [] { return release(kHex + " 1"); }, "SHA256 list"},
    {"WithoutList", [] { return kDate; }, "SHA256"},
    {"OnlyAWeakHash", [] { return kDate + "MD5Sum:\n 00000000000000000000000000000000 1 a\n"; }, "SHA256"},
    {"ManyFilesTakeNoTime", [] { return kDate + "SHA256:\n" + repeated(" " + kHex + " 1 a\n", 50'000); }, ""},
};
INSTANTIATE_TEST_SUITE_P(Releases, HostileRelease, ::testing::ValuesIn(kReleases), hostile_name);

}  // namespace
}  // namespace mlbuild::test
