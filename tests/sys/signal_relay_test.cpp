#include "mlbuild/sys/signal_relay.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace mlbuild {
namespace {

TEST(SignalRelay, SignalsBecomeBytesWhileItLives) {
  struct sigaction before {};
  ::sigaction(SIGUSR1, nullptr, &before);
  {
    const SignalRelay relay({SIGUSR1, SIGTERM});
    ::raise(SIGTERM);
    ::raise(SIGUSR1);
    char numbers[3] = {};
    EXPECT_EQ(::read(relay.descriptor(), numbers, sizeof numbers), 2);
    EXPECT_EQ(numbers[0], SIGTERM);
    EXPECT_EQ(numbers[1], SIGUSR1);
    EXPECT_THROW(SignalRelay({SIGHUP}), Error);
  }
  struct sigaction after {};
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  EXPECT_NO_THROW(SignalRelay({SIGHUP}));
}

TEST(SignalRelay, WhatWasIgnoredIsLeftOut) {
  struct sigaction before {};
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignored, &before);
  EXPECT_EQ(not_ignored({SIGINT, SIGHUP, SIGTERM}), (std::vector<int>{SIGINT, SIGTERM}));
  ::sigaction(SIGHUP, &before, nullptr);
}

}  // namespace
}  // namespace mlbuild
