#include "mlbuild/net/url.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

ErrorKind kind_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

// RFC 3986, 5.4.1, with an http base.
TEST(Url, ResolvesReferencesAsTheRfcSays) {
  const Url base = Url::parse("http://a/b/c/d?q");
  EXPECT_EQ(base.resolve("g").to_string(), "http://a/b/c/g");
  EXPECT_EQ(base.resolve("./g").to_string(), "http://a/b/c/g");
  EXPECT_EQ(base.resolve("g/").to_string(), "http://a/b/c/g/");
  EXPECT_EQ(base.resolve("/g").to_string(), "http://a/g");
  EXPECT_EQ(base.resolve("//g").to_string(), "http://g/");
  EXPECT_EQ(base.resolve("?y").to_string(), "http://a/b/c/d?y");
  EXPECT_EQ(base.resolve("../g").to_string(), "http://a/b/g");
  EXPECT_EQ(base.resolve("../../g").to_string(), "http://a/g");
  EXPECT_EQ(base.resolve("../../../g").to_string(), "http://a/g");
  EXPECT_EQ(base.resolve("https://other:8443/x").to_string(), "https://other:8443/x");
}

TEST(Url, FragmentIsKeptButNeverSent) {
  const Url url = Url::parse("https://host/f.whl#sha256=ab");
  EXPECT_EQ(url.fragment, "sha256=ab");
  EXPECT_EQ(url.to_string(), "https://host/f.whl");
  EXPECT_EQ(url.resolve("#x").fragment, "x");
}

TEST(Url, OriginHoldsSchemeHostAndPort) {
  EXPECT_EQ(Url::parse("HTTPS://Host/x").origin(), "https://host:443");
  EXPECT_EQ(Url::parse("https://host:443/x").origin(), Url::parse("https://u:p@host/y").origin());
  EXPECT_NE(Url::parse("http://host/").origin(), Url::parse("https://host/").origin());
  EXPECT_NE(Url::parse("https://host:8443/").origin(), Url::parse("https://host/").origin());
}

TEST(Url, FilenameIsDecodedOnce) {
  EXPECT_EQ(Url::parse("https://h/a/b%2Bcu121.whl").filename(), "b+cu121.whl");
  EXPECT_EQ(Url::parse("https://h/a/%252e%252e%252fx").filename(), "%2e%2e%2fx");
}

TEST(Url, RawBlanksAndUtf8AreEncoded) {
  EXPECT_EQ(Url::parse("https://h/").resolve("a b\xC3\xA9").to_string(), "https://h/a%20b%C3%A9");
}

TEST(Url, RefusesWhatIsNoWebOrFileUrl) {
  for (const char* text :
       {"", "no url", "ftp://h/x", "javascript:alert(1)", "https://", "http://h/a\nb", "http://h:99999/"}) {
    EXPECT_EQ(kind_of([&] { Url::parse(text); }), ErrorKind::Foreign) << text;
  }
}

TEST(Url, RemotePageMayNotPointAtLocalFiles) {
  const Url page = Url::parse("https://h/simple/x/");
  EXPECT_EQ(kind_of([&] { page.resolve("file:///etc/passwd"); }), ErrorKind::Foreign);
  EXPECT_EQ(Url::parse("file:///srv/simple/x/index.html").resolve("../../f.whl").to_string(), "file:///srv/f.whl");
}

TEST(RedirectTarget, NeverLeavesEncryption) {
  const Url from = Url::parse("https://h/a");
  EXPECT_EQ(kind_of([&] { redirect_target(from, "http://h/a"); }), ErrorKind::Network);
  EXPECT_EQ(kind_of([&] { redirect_target(from, "file:///etc/passwd"); }), ErrorKind::Foreign);
  EXPECT_EQ(redirect_target(from, "/b").to_string(), "https://h/b");
  EXPECT_EQ(redirect_target(Url::parse("http://h/a"), "https://h/a").to_string(), "https://h/a");
}

TEST(RedirectTarget, TakesNoUserInfoFromTheServer) {
  EXPECT_EQ(redirect_target(Url::parse("https://h/a"), "https://u:p@other/b").to_string(), "https://other/b");
}

TEST(PrintableUrl, ShowsNeitherUserInfoNorQuery) {
  EXPECT_EQ(printable_url("https://user:secret@host:8443/a/b?sig=secret#secret"), "https://host:8443/a/b");
  EXPECT_EQ(printable_url("https://token@host/a@b"), "https://host/a@b");
  EXPECT_EQ(printable_url("user:secret@host/x"), "host/x");
  EXPECT_EQ(printable_url("https://host:443/x"), "https://host:443/x");
  EXPECT_EQ(printable_url("https://[::1]:80/x"), "https://[::1]:80/x");
}

TEST(PrintableUrl, HidesPasswordsThatWereNotEscaped) {
  for (const char* url :
       {"https://user:sec/ret@host/x", "https://user:sec?ret@host/x", "https://user:sec#ret@host/x"}) {
    EXPECT_EQ(printable_url(url), "https://host/x") << url;
  }
}

TEST(PercentEncoding, PathKeepsSlashesAndPlus) {
  EXPECT_EQ(percent_encode_path("pool/main/g/gcc/libstdc++6_12_amd64.deb"), "pool/main/g/gcc/libstdc++6_12_amd64.deb");
  EXPECT_EQ(percent_encode_path("a b?#%"), "a%20b%3F%23%25");
  EXPECT_EQ(percent_decode(percent_encode_path("a b?#%")), "a b?#%");
  EXPECT_EQ(percent_decode("50%"), "50%");
}

}  // namespace
}  // namespace mlbuild
