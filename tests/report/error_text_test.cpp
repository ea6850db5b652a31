#include "mlbuild/report/error_text.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

std::optional<std::string> one_line(const std::string& file, unsigned line) {
  if (file == "specs/trainer.yaml" && line == 17) return "  - torch==2.3.1";
  return std::nullopt;
}

TEST(ErrorText, ShowsPlaceExcerptContextAndWayOut) {
  Error error(ErrorKind::Step, "runtime requirement `torch==2.3.1` has no wheel for cp311 linux/arm64");
  error.at({"specs/trainer.yaml", 17, 5, 12})
      .while_doing("while resolving `requirements.runtime`")
      .hint("2.3.0 has one");
  EXPECT_EQ(error_text(error, Colour::Never, one_line),
            "error: runtime requirement `torch==2.3.1` has no wheel for cp311 linux/arm64\n"
            "  --> specs/trainer.yaml:17:5\n"
            "   |\n"
            "17 |   - torch==2.3.1\n"
            "   |     ^^^^^^^^^^^^\n"
            "  while resolving `requirements.runtime`\n"
            "hint: 2.3.0 has one\n");
}

TEST(ErrorText, FiveMistakesAreFiveMessagesAndACount) {
  Diagnostics diagnostics;
  for (int i = 1; i <= 5; ++i) diagnostics.add(Error(ErrorKind::Spec, "mistake " + std::to_string(i)));
  try {
    diagnostics.throw_if_any();
    FAIL();
  } catch (const Error& error) {
    const std::string text = error_text(error, Colour::Never, one_line);
    for (int i = 1; i <= 5; ++i) EXPECT_NE(text.find("error: mistake " + std::to_string(i) + "\n"), std::string::npos);
    EXPECT_NE(text.find("5 mistakes found"), std::string::npos);
  }
}

TEST(ErrorText, UnderlineStaysInsideTheLine) {
  Error error(ErrorKind::Spec, "too long");
  error.at({"specs/trainer.yaml", 17, 5, 500});
  EXPECT_NE(error_text(error, Colour::Never, one_line).find("   |     ^^^^^^^^^^^^\n"), std::string::npos);
}

TEST(ErrorText, AMissingFileLeavesTheExcerptOut) {
  Error error(ErrorKind::Spec, "gone");
  error.at({"elsewhere.yaml", 3, 1, 1});
  EXPECT_EQ(error_text(error, Colour::Never, one_line), "error: gone\n  --> elsewhere.yaml:3:1\n");
}

TEST(ErrorText, ControlCharactersOfTheExcerptDoNotReachTheTerminal) {
  Error error(ErrorKind::Spec, "odd");
  error.at({"f", 1, 1, 1});
  const auto hostile = [](const std::string&, unsigned) -> std::optional<std::string> { return "\x1b[2Jname: x"; };
  EXPECT_EQ(error_text(error, Colour::Never, hostile).find('\x1b'), std::string::npos);
}

TEST(ErrorText, SecretsInUrlsBecomeStarsWhereverTheyStand) {
  Error error(ErrorKind::Spec, "`https://ci:canary@host/simple` is odd");
  error.at({"f", 1, 36, 3}).hint("not `pkg @ git+ssh://canary@host/x`").while_doing("reading https://canary@host");
  const auto line = [](const std::string&, unsigned) -> std::optional<std::string> {
    return "  - {url: https://ci:canary@h/a@b, urk: http://localhost:1/, x: 'a://b@c@d'}";
  };
  const std::string text = error_text(error, Colour::Never, line);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  EXPECT_NE(text.find("1 |   - {url: https://*********@h/a@b, urk: http://localhost:1/, x: 'a://***@d'}\n"
                      "  |                                    ^^^\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(error_json(error).find("canary"), std::string::npos);
}

TEST(ErrorJson, HasAnObjectAtTheRootWithKindAndPlace) {
  Error error(ErrorKind::Network, "no answer");
  error.at({"f", 1, 2, 3}).hint("try again");
  const std::string json = error_json(error);
  EXPECT_NE(json.find("\"kind\": \"network\""), std::string::npos);
  EXPECT_NE(json.find("\"line\": 1"), std::string::npos);
}

}  // namespace
}  // namespace mlbuild
