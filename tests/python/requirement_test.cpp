#include "mlbuild/python/requirement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Location kPlace{"spec.yaml", 3, 5, 12};
const std::string kHex(64, 'a');

Requirement parse_ok(std::string_view text) {
  Diagnostics diagnostics;
  const auto requirement = parse_requirement(text, kPlace, diagnostics);
  diagnostics.throw_if_any();
  return requirement.value();
}

Error parse_error(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_requirement(text, kPlace, diagnostics)) << text;
  EXPECT_EQ(diagnostics.errors().size(), 1U) << text;
  return diagnostics.errors().empty() ? Error(ErrorKind::Internal, "none") : diagnostics.errors().front();
}

TEST(Requirement, ReadsEveryPartOfPep508) {
  const Requirement r = parse_ok("Flask_Login [Async, dotenv] >= 2.0 , <3 ; python_version < \"3.12\"");
  EXPECT_EQ(r.name, "flask-login");
  EXPECT_THAT(r.extras, ElementsAre("async", "dotenv"));
  EXPECT_EQ(r.specifier, ">=2.0,<3");
  EXPECT_EQ(r.marker, "python_version < \"3.12\"");
  EXPECT_EQ(r.location, kPlace);
}

TEST(Requirement, KeepsHashesOutOfTheText) {
  const Requirement r = parse_ok("numpy==1.26.4  --hash=sha256:" + kHex + " --hash=sha512:00");
  EXPECT_EQ(r.text, "numpy==1.26.4");
  EXPECT_THAT(r.hashes, ElementsAre(BlobDigest::parse(kHex)));
}

TEST(Requirement, OnlyOneExactClauseIsAPin) {
  for (const char* text : {"a==1.0", "a===1.0", "a (==1.0)", "a[x]==1 ; os_name == 'posix'"})
    EXPECT_TRUE(parse_ok(text).is_pinned()) << text;
  for (const char* text : {"a", "a>=1", "a==1.*", "a==1,!=1", "a~=1.0"})
    EXPECT_FALSE(parse_ok(text).is_pinned()) << text;
}

TEST(Requirement, ReadsUrls) {
  const Requirement named = parse_ok("toy @ https://example.com/toy-1-py3-none-any.whl#sha256=00 ; os_name == 'posix'");
  EXPECT_EQ(named.name, "toy");
  EXPECT_EQ(named.url, "https://example.com/toy-1-py3-none-any.whl#sha256=00");
  EXPECT_EQ(named.marker, "os_name == 'posix'");
  EXPECT_EQ(parse_ok("./vendor/toy-1-py3-none-any.whl").url, "./vendor/toy-1-py3-none-any.whl");
  EXPECT_EQ(parse_ok("git+https://example.com/toy.git").name, "");
}

TEST(Requirement, MistakesSayTheWayOut) {
  EXPECT_THAT(parse_error("numpy=1.26").hint_text(), HasSubstr("numpy==1.26"));
  EXPECT_THAT(parse_error("numpy=>1.26").message(), HasSubstr("=>1.26"));
  EXPECT_THAT(parse_error("numpy==1.2x").hint_text(), HasSubstr("numpy==1.2.3"));
  EXPECT_THAT(parse_error("numpy==${V}").hint_text(), HasSubstr("never expanded"));
  EXPECT_THAT(parse_error("numpy --global-option=x").message(), HasSubstr("--global-option"));
  EXPECT_THAT(parse_error("numpy --hash=md5:00").hint_text(), HasSubstr("sha256"));
  EXPECT_THAT(parse_error("numpy --hash=sha256:00").message(), HasSubstr("no SHA-256"));
  EXPECT_EQ(parse_error("numpy==").location(), kPlace);
}

TEST(Requirement, HostileTextIsAMistake) {
  for (const std::string& text :
       {std::string("-x"), std::string("a[b"), std::string("a[../b]"), std::string("a; 'x"), std::string("a ; (("),
        std::string("a\x01==1"), std::string("\xFF\xFE"), std::string("a b"), std::string("a @ "),
        std::string(10000, 'a'), std::string("[x]"), std::string("a\nb")}) {
    EXPECT_EQ(parse_error(text).kind(), ErrorKind::Spec) << text;
  }
}

}  // namespace
}  // namespace mlbuild::python
