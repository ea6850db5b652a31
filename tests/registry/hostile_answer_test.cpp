// What registries say besides blobs and manifests, made to harm: challenges (RFC 9110, 11.6.1), tokens, errors.

#include "../../src/registry/challenge.hpp"
#include "../../src/registry/refusal.hpp"
#include "../../src/registry/token_server.hpp"
#include "support/hostile.hpp"

#include "mlbuild/base/text.hpp"

namespace mlbuild::test {
namespace {

class HostileChallenge : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileChallenge, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& header) {
    for (const Challenge& challenge : parse_challenges(header)) EXPECT_FALSE(challenge.scheme.empty());
  });
}

const HostileCase kChallenges[] = {
    {"OnlyCommasTakeNoTime", [] { return std::string(500'000, ','); }, kHarmless},
    {"OnlyEqualsSigns", [] { return std::string(500'000, '='); }, kHarmless},
    {"QuoteThatNeverEnds", [] { return "Bearer realm=\"" + std::string(500'000, 'a'); }, kHarmless},
    {"BackslashAtTheEnd", [] { return std::string("Bearer realm=\"a\\"); }, kHarmless},
    {"OnlyQuotes", [] { return "Bearer a=" + std::string(500'001, '"'); }, kHarmless},
    {"AThousandSchemesTakeNoTime", [] { return repeated("Bearer realm=\"a\", ", 50'000); }, kHarmless},
    {"ControlCharacters", [] { return std::string("Bearer realm=\"a\0b\r\nEvil: 1\"", 28); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Challenges, HostileChallenge, ::testing::ValuesIn(kChallenges), hostile_name);

class HostileToken : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileToken, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    const BearerToken token = parse_token_answer(text);
    EXPECT_GT(token.lifetime.count(), 0);
    // It goes into a header.
    EXPECT_EQ(token.value.find_first_of(std::string("\r\n\0", 3)), std::string::npos);
  });
}

const HostileCase kTokens[] = {
    {"Nothing", [] { return std::string(); }, "no JSON object"},
    {"AList", [] { return std::string("[\"token\"]"); }, "no JSON object"},
    {"Deep", [] { return repeated(R"({"token":)", 100'000); }, "no JSON object"},
    {"TokenThatIsANumber", [] { return std::string(R"({"token":1})"); }, "neither"},
    {"TokenThatIsEmpty", [] { return std::string(R"({"token":""})"); }, "neither"},
    {"TokenWithALineEnd", [] { return std::string(R"({"token":"a\r\nEvil: 1"})"); }, "token"},
    {"TokenWithANul", [] { return std::string(R"({"token":"a\u0000b"})"); }, "token"},
    {"LifetimeThatIsNegative", [] { return std::string(R"({"token":"a","expires_in":-1})"); }, kHarmless},
    {"LifetimeBeyondAllNumbers", [] { return std::string(R"({"token":"a","expires_in":1e308})"); }, kHarmless},
    {"LifetimeThatIsText", [] { return std::string(R"({"token":"a","expires_in":"evil"})"); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Tokens, HostileToken, ::testing::ValuesIn(kTokens), hostile_name);

class HostileErrorText : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileErrorText, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    HttpResponse response;
    response.status = 400;
    response.headers["x-mlbuild-error-body"] = text;
    const std::string words = said(response);
    EXPECT_EQ(printable(words), words);
    EXPECT_LT(words.size(), 32768U);
  });
}

const HostileCase kErrors[] = {
    {"TerminalEscapes",
     [] { return std::string(R"({"errors":[{"code":"\u001b[2J","message":"\u001b]0;evil\u0007"}]})"); }, kHarmless},
    {"EndlessMessage", [] { return R"({"errors":[{"code":"A","message":")" + std::string(60'000, 'a') + "\"}]}"; },
     kHarmless},
    {"ManyErrors",
     [] { return R"({"errors":[{"code":"A"})" + repeated(R"(,{"code":"A","message":"b"})", 2'000) + "]}"; }, kHarmless},
    {"Deep", [] { return R"({"errors":)" + repeated("[", 60'000); }, kHarmless},
    {"Html", [] { return "<html>" + repeated("\x1b[31m<script>", 4'000); }, kHarmless},
    {"NoText", [] { return std::string(60'000, '\xFF'); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Errors, HostileErrorText, ::testing::ValuesIn(kErrors), hostile_name);

}  // namespace
}  // namespace mlbuild::test
