#include "mlbuild/report/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A profile whose clock stands at `now`.
struct Example {
  double now = 100;
  Profile profile{[this] { return now; }};
  void on(double seconds, const Event& event) {
    now = 100 + seconds;
    profile.on(event);
  }
  std::string text() const { return profile.text({5, 3, 1, 10'000'000}); }
};

TEST(Profile, TellsWhenEachThingBeganAndWhatItTook) {
  Example example;
  example.on(2, InputFetched{"numpy 1.26.4", 18'000'000, 1.5});
  example.on(3.25, StepFinished{"id", "wheel numpy", 18'000'000, 18'500'000, 1.25, 0.75});
  const std::string text = example.text();
  EXPECT_THAT(text, HasSubstr("0.500 s  1.500 s             18.0 MB           fetch numpy 1.26.4"));
  EXPECT_THAT(text, HasSubstr("2.000 s  1.250 s    0.750 s  18.0 MB  18.5 MB  step wheel numpy"));
  EXPECT_THAT(text, HasSubstr("fetch    1 inputs, 18.0 MB, from 0.500 s to 2.000 s"));
  EXPECT_THAT(text, HasSubstr("whole    5.000 s, 3.000 s of processor, 1.000 s more in programs that it ran, 10.0 MB"));
}

TEST(Profile, TellsHowManyPackagesWereDecoded) {
  Example example;
  EXPECT_THAT(example.text(), Not(HasSubstr("debs")));
  example.on(1, DebsUnpacked{86});
  example.on(2, DebsUnpacked{2});
  EXPECT_THAT(example.text(), HasSubstr("debs     88 Debian packages decoded"));
}

TEST(Profile, ATransferLastsUntilItsLastByte) {
  Example example;
  example.on(1, PublishStarted{"oci:out", 300});
  example.on(2, BytesPublished{100});
  example.on(3, BytesPublished{200});
  EXPECT_THAT(example.text(), HasSubstr("transfer 1 transfers, 300 B, from 1.000 s to 3.000 s"));
}

TEST(Profile, ShowsTheLongestOnly) {
  Example example;
  for (int i = 0; i < 30; ++i) example.on(i, StepFinished{"id", "step " + std::to_string(i), 1, 1, 1.0 + i, 0});
  EXPECT_THAT(example.text(), HasSubstr("and 5 shorter ones"));
  EXPECT_THAT(example.text(), Not(HasSubstr("step step 4\n")));
}

TEST(Profile, PassesEventsOn) {
  struct Counter final : EventSink {
    explicit Counter(int& count) : count_(count) {}
    void on(const Event&) override { ++count_; }
    int& count_;
  };
  int count = 0;
  Example example;
  const auto events = with_profile(std::make_unique<Counter>(count), example.profile);
  events->on(InputFetched{"a", 1, 1});
  EXPECT_EQ(count, 1);
  EXPECT_THAT(example.text(), HasSubstr("fetch a"));
}

}  // namespace
}  // namespace mlbuild
