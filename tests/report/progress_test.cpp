#include "mlbuild/report/progress.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

struct ProgressTest : ::testing::Test {
  TextOut out = [this](const std::string& more) { text += more; };
  Clock clock = [this] { return now; };
  std::string text;
  double now = 0;
};

TEST_F(ProgressTest, PlainOutputHasNoCarriageReturnAndIsRare) {
  const auto reporter = make_plain_reporter(out, clock);
  reporter->on(WorkKnown{1000000, 0});
  for (int i = 1; i <= 120; ++i) {  // twelve seconds: a line after the fifth and after the tenth
    now = i / 10.0;
    reporter->on(BytesFetched{5000});
  }
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST_F(ProgressTest, TheLineTellsBytesRateAndTimeLeft) {
  const auto reporter = make_plain_reporter(out, clock);
  reporter->on(WorkKnown{100000000, 0});
  now = 10;
  reporter->on(BytesFetched{25000000});
  EXPECT_EQ(text, "fetching 25.0 MB of 100.0 MB, 2.5 MB/s, 30 s left\n");
}

TEST_F(ProgressTest, ASecondPhaseCountsFromZero) {
  const auto reporter = make_plain_reporter(out, clock);
  reporter->on(WorkKnown{0, 1000});
  reporter->on(StepFinished{"a", "a", 1000, 0, 0});
  reporter->on(WorkKnown{0, 500});
  now = 10;
  reporter->on(StepFinished{"b", "b", 100, 0, 0});
  EXPECT_EQ(text, "layers 100 B of 500 B done\n");
}

TEST_F(ProgressTest, ASecondDestinationCountsFromZero) {
  const auto reporter = make_plain_reporter(out, clock);
  reporter->on(PublishStarted{"one", 1000});
  reporter->on(BytesPublished{1000});
  reporter->on(PublishStarted{"two", 1000});
  now = 10;
  reporter->on(BytesPublished{500});
  EXPECT_NE(text.find("500 B of 1.0 kB"), std::string::npos) << text;
}

TEST_F(ProgressTest, ATerminalIsRedrawnAtMostTenTimesASecond) {
  const auto reporter = make_terminal_reporter(out, clock, Colour::Never);
  reporter->on(WorkKnown{1000, 0});
  for (int i = 0; i < 1000; ++i) {
    now += 0.001;
    reporter->on(BytesFetched{1});
  }
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 11);
}

TEST_F(ProgressTest, AWarningSurvivesTheProgressLine) {
  {
    const auto reporter = make_terminal_reporter(out, clock, Colour::Never);
    reporter->on(WorkKnown{1000, 0});
    reporter->on(WarningRaised{"wheel x: RECORD lists a missing file"});
  }
  EXPECT_NE(text.find("warning: wheel x: RECORD lists a missing file\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << "the line is gone at the end";
}

}  // namespace
}  // namespace mlbuild
