#pragma once

#include "mlbuild/report/progress.hpp"
#include "mlbuild/run/events.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlbuild {

/// What the system charged for the whole run.
struct ProcessCost {
  double seconds = 0;
  double own_cpu_seconds = 0;
  double child_cpu_seconds = 0;  ///< programs in the sandbox, git, gpgv
  std::uint64_t peak_memory_bytes = 0;
};

/// Keeps where time and bytes went: `--profile`.
class Profile final : public EventSink {
 public:
  explicit Profile(Clock clock);
  void on(const Event& event) override;
  /// A table: inputs, steps and transfers, longest first, with when each began; at the end what the run cost.
  std::string text(const ProcessCost& cost) const;

 private:
  struct Row {
    std::string kind;  ///< "fetch", "step", "transfer"
    std::string label;
    double begin_seconds = 0, seconds = 0, cpu_seconds = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
  };
  void note(const Event& event, double now);
  std::string kind_text(const std::string& kind, const std::string& name) const;

  Clock clock_;
  double start_;
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
  std::size_t debs_ = 0;
};

/// Tells both; `profile` must outlive it.
std::unique_ptr<EventSink> with_profile(std::unique_ptr<EventSink> next, Profile& profile);

}  // namespace mlbuild
