#include "mlbuild/base/error.hpp"
#include "mlbuild/index/python_index.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

constexpr const char* kBase = "https://index.example/simple/toy/";
const std::string kHex(64, 'a');

std::vector<std::string> urls_of(const std::vector<IndexFile>& files) {
  std::vector<std::string> urls;
  urls.reserve(files.size());
  for (const IndexFile& file : files) urls.push_back(file.url);
  return urls;
}

// The example of PEP 503, with hash and attributes of PEP 503 and PEP 592.
TEST(SimpleHtml, ReadsNameUrlDigestAndAttributes) {
  const auto files =
      parse_simple_html("<!DOCTYPE html><html><body><a href=\"../../files/toy-1.0-py3-none-any.whl#sha256=" + kHex +
                            "\" data-requires-python=\"&gt;=3.8,&lt;4\" data-yanked>toy-1.0-py3-none-any.whl</a>",
                        kBase);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].filename, "toy-1.0-py3-none-any.whl");
  EXPECT_EQ(files[0].url, "https://index.example/files/toy-1.0-py3-none-any.whl");
  EXPECT_EQ(files[0].sha256, BlobDigest::parse(kHex));
  EXPECT_EQ(files[0].requires_python, ">=3.8,<4");
  EXPECT_TRUE(files[0].yanked);
  EXPECT_FALSE(files[0].size_bytes);
}

TEST(SimpleHtml, TakesAttributesInEveryStyle) {
  const auto files = parse_simple_html(
      "<A HREF='/a.whl'>a</A><a class=x href=/b.whl>b</a><a\n href = \"/c.whl\"/><a title='>' href='/d.whl'>d", kBase);
  EXPECT_EQ(urls_of(files), (std::vector<std::string>{"https://index.example/a.whl", "https://index.example/b.whl",
                                                      "https://index.example/c.whl", "https://index.example/d.whl"}));
}

TEST(SimpleHtml, DecodesEntitiesOnceAndLeavesUnknownOnes) {
  const auto files = parse_simple_html("<a href='/x.whl?a=1&amp;b=2&#38;c=&#x33;&nix;&amp;amp;'>x</a>", kBase);
  EXPECT_EQ(urls_of(files), std::vector<std::string>{"https://index.example/x.whl?a=1&b=2&c=3&nix;&amp;"});
}

TEST(SimpleHtml, HonoursBaseHref) {
  const auto files = parse_simple_html("<base href='https://cdn.example/p/'><a href='x.whl'>x</a>", kBase);
  EXPECT_EQ(urls_of(files), std::vector<std::string>{"https://cdn.example/p/x.whl"});
}

TEST(SimpleHtml, CommentsAndScriptsHoldNoLinks) {
  const auto files = parse_simple_html(
      "<!-- <a href='/old.whl'>old</a> --><script>'<a href=\"/js.whl\">'</script><a href='/x.whl'>x</a>", kBase);
  EXPECT_EQ(urls_of(files), std::vector<std::string>{"https://index.example/x.whl"});
}

TEST(SimpleHtml, LeavesOutLinksThatAreNoFiles) {
  const auto files = parse_simple_html(
      "<a href='../'>up</a><a href='javascript:x()'>j</a><a href='file:///etc/passwd'>p</a><a name='x'>n</a>"
      "<a href='/%2e%2e%2fpasswd'>q</a><a href='/x%00.whl'>z</a><a href=''>same</a>",
      kBase);
  EXPECT_TRUE(urls_of(files).empty());
}

TEST(SimpleHtml, FileNameIsDecodedOnce) {
  const auto files =
      parse_simple_html("<a href='/t-2.3.1%2Bcu121.whl'>t</a><a href='/%252e%252e%252fx.whl'>t</a>", kBase);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].filename, "t-2.3.1+cu121.whl");
  EXPECT_EQ(files[1].filename, "%2e%2e%2fx.whl");
}

TEST(SimpleHtml, UserInfoOfLinksIsDropped) {
  const auto files = parse_simple_html("<a href='https://user:secret@other.example/x.whl'>x</a>", kBase);
  EXPECT_EQ(urls_of(files), std::vector<std::string>{"https://other.example/x.whl"});
}

TEST(SimpleHtml, OtherDigestsAreNotTakenForSha256) {
  const auto files = parse_simple_html("<a href='/x.whl#md5=abc'>x</a><a href='/y.whl#sha256=abc'>y</a>", kBase);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_FALSE(files[0].sha256);
  EXPECT_FALSE(files[1].sha256);
}

TEST(SimpleHtml, UnfinishedPagesGiveWhatWasThere) {
  for (const char* page :
       {"", "<", "<a", "<a href", "<a href=", "<a href='/x.whl", "<!--", "<script>", "&", "<a href='&#"}) {
    EXPECT_LE(parse_simple_html(page, kBase).size(), 1U) << page;
  }
}

}  // namespace
}  // namespace mlbuild
