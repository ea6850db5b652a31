#pragma once

#include "mlbuild/report/error_text.hpp"
#include "mlbuild/run/events.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace mlbuild {

/// Seconds since some start, given by the caller so that tests own the clock.
using Clock = std::function<double()>;
using TextOut = std::function<void(const std::string&)>;

/// On a terminal: one line that is redrawn (at most ten times a second) with bytes, rate and time left; warnings stay
/// above it.
std::unique_ptr<EventSink> make_terminal_reporter(TextOut out, Clock clock, Colour colour);
/// Elsewhere: plain lines without carriage returns, progress at most every five seconds.
std::unique_ptr<EventSink> make_plain_reporter(TextOut out, Clock clock);
/// Only warnings.
std::unique_ptr<EventSink> make_quiet_reporter(TextOut out);

}  // namespace mlbuild
