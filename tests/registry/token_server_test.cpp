#include "../../src/registry/token_server.hpp"

#include "../../src/registry/login_encoding.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(TokenAnswer, EitherNameWillDo) {
  EXPECT_EQ(parse_token_answer(R"({"token":"a"})").value, "a");
  EXPECT_EQ(parse_token_answer(R"({"access_token":"b"})").value, "b");
  EXPECT_EQ(parse_token_answer(R"({"access_token":"","token":"c"})").value, "c");
}

TEST(TokenAnswer, LivesAMinuteUnlessToldOtherwise) {
  EXPECT_EQ(parse_token_answer(R"({"token":"a"})").lifetime.count(), 60);
  EXPECT_EQ(parse_token_answer(R"({"token":"a","expires_in":300})").lifetime.count(), 300);
  EXPECT_EQ(parse_token_answer(R"({"token":"a","expires_in":0})").lifetime.count(), 60);
  EXPECT_EQ(parse_token_answer(R"({"token":"a","expires_in":-9})").lifetime.count(), 60);
  EXPECT_EQ(parse_token_answer(R"({"token":"a","expires_in":1e300})").lifetime.count(), 86400);
  EXPECT_EQ(parse_token_answer(R"({"token":"a","expires_in":"soon"})").lifetime.count(), 60);
}

TEST(TokenAnswer, AnythingElseIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"token":5})", R"({"token":""})", "<html>", "{\"token\":"}) {
    EXPECT_THROW(parse_token_answer(text), Error) << text;
  }
}

// RFC 4648, 10; RFC 7617, 2.
TEST(BasicAuthorization, EncodesAsTheStandardShows) {
  EXPECT_EQ(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(basic_authorization("f", "o"), "Basic Zjpv");
  EXPECT_EQ(basic_authorization("f", "oo"), "Basic Zjpvbw==");
  EXPECT_EQ(basic_authorization("f", "oob"), "Basic Zjpvb2I=");
}

}  // namespace
}  // namespace mlbuild
