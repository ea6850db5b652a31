#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/oci.hpp"

#include <gtest/gtest.h>

namespace mlbuild::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'f');

std::string refusal(const std::string& text) {
  try {
    Reference::parse(text);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_FALSE(error.hint_text().empty());
    return error.message();
  }
}

TEST(Reference, HasItsParts) {
  const Reference full = Reference::parse("registry.example:5000/team/a_b.c--d:1.4@" + kDigest);
  EXPECT_EQ(full.host, "registry.example:5000");
  EXPECT_EQ(full.repository, "team/a_b.c--d");
  EXPECT_EQ(full.tag, "1.4");
  EXPECT_EQ(full.digest->to_string(), kDigest);
}

TEST(Reference, TakesAFirstPartForAHostOnlyWhenItLooksLikeOne) {
  EXPECT_EQ(Reference::parse("team/name").host, "");
  EXPECT_EQ(Reference::parse("localhost/name").host, "localhost");
  EXPECT_EQ(Reference::parse("localhost:5000/name").host, "localhost:5000");
  EXPECT_EQ(Reference::parse("a.b/name").host, "a.b");
  EXPECT_EQ(Reference::parse("[::1]:5000/name").host, "[::1]:5000");
  EXPECT_EQ(Reference::parse("127.0.0.1:80/name").host, "127.0.0.1:80");
}

TEST(Reference, ReadsWhatItWrites) {
  for (const std::string& text : {std::string("name"), std::string("name:tag"), std::string("a/b/c:T_1.x-y"),
                                  "host.example/a@" + kDigest, "host.example:443/a/b:t@" + kDigest}) {
    EXPECT_EQ(Reference::parse(text).to_string(), text);
  }
}

TEST(Reference, SaysWhichPartIsWrong) {
  EXPECT_NE(refusal("").find("it is empty"), std::string::npos);
  EXPECT_NE(refusal("Name").find("`Name` has upper-case letters"), std::string::npos);
  EXPECT_NE(refusal("name:").find("its tag ``"), std::string::npos);
  EXPECT_NE(refusal("name:-x").find("its tag `-x`"), std::string::npos);
  EXPECT_NE(refusal("name@sha256:12").find("its digest"), std::string::npos);
  EXPECT_NE(refusal("a.b:x/name").find("its host `a.b:x`"), std::string::npos);
  EXPECT_NE(refusal("a//b").find("an empty part"), std::string::npos);
  EXPECT_NE(refusal("a..b").find("may join words"), std::string::npos);
  EXPECT_NE(refusal("-a").find("must begin"), std::string::npos);
  EXPECT_NE(refusal("a_").find("must end"), std::string::npos);
}

TEST(Reference, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("/name"), std::string("name/"), std::string("a b"), std::string("a___b"),
        std::string("host.example/"), std::string("a..b.c/d"), std::string("host.example:/n"),
        std::string("host.example:123456/n"), std::string("[::1/n"), std::string("../x"), std::string("x/../y"),
        "name@" + kDigest + "@" + kDigest, std::string("n@sha512:aa"), std::string("name:") + std::string(129, 'a'),
        std::string(256, 'a'), std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(Reference, ShowsForeignBytesEscaped) { EXPECT_EQ(refusal("a\x1b[31m").find('\x1b'), std::string::npos); }

}  // namespace
}  // namespace mlbuild::oci
