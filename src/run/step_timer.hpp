#pragma once

#include "mlbuild/run/events.hpp"

#include <chrono>
#include <string>

namespace mlbuild {

/// Tells that something began and, at finish(), how long it took: by the clock, and on the processor by this thread.
class StepTimer {
 public:
  StepTimer(EventSink& events, const std::string& id, const std::string& label);
  void finish(std::uint64_t input_bytes, std::uint64_t output_bytes);

 private:
  EventSink& events_;
  std::string id_, label_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double begin_cpu_seconds_;
};

/// One input on its way into the store.
class FetchTimer {
 public:
  FetchTimer(EventSink& events, std::string label) : events_(events), label_(std::move(label)) {}
  void finish(std::uint64_t bytes);

 private:
  EventSink& events_;
  std::string label_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace mlbuild
