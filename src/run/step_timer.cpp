#include "step_timer.hpp"

#include <ctime>

namespace mlbuild {
namespace {

double thread_cpu_seconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

StepTimer::StepTimer(EventSink& events, const std::string& id, const std::string& label)
    : events_(events), id_(id), label_(label), begin_cpu_seconds_(thread_cpu_seconds()) {
  events_.on(StepStarted{id_, label_});
}

void StepTimer::finish(std::uint64_t input_bytes, std::uint64_t output_bytes) {
  StepFinished finished{id_, label_, input_bytes, output_bytes, seconds_since(begin_)};
  finished.cpu_seconds = thread_cpu_seconds() - begin_cpu_seconds_;
  events_.on(finished);
}

void FetchTimer::finish(std::uint64_t bytes) { events_.on(InputFetched{label_, bytes, seconds_since(begin_)}); }

}  // namespace mlbuild
