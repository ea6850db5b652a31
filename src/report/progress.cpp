#include "mlbuild/report/progress.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

/// Counts of the running phase. All reporters share it; each decides when and how to print status().
class Tally {
 public:
  void add(const Event& event, double now) {
    std::visit([&](const auto& happened) { count(happened, now); }, event);
  }

  /// "fetching 12.3 of 161.9 MB, 24.1 MB/s, 6 s left; layers 3 of 31"
  std::string status(double now) const {
    if (publish_bytes_ > 0)
      return fmt::format("{} {}{}", verb_, where_, transfer(published_bytes_, publish_bytes_, now));
    std::string text;
    if (fetch_bytes_ > 0 && fetched_bytes_ < fetch_bytes_)
      text = "fetching" + transfer(fetched_bytes_, fetch_bytes_, now);
    if (layer_bytes_ > 0) {
      text += fmt::format("{}layers {} of {} done", text.empty() ? "" : "; ", human_bytes(done_layer_bytes_),
                          human_bytes(layer_bytes_));
    }
    if (text.empty()) text = activity_;
    return text;
  }

 private:
  void count(const ActivityStarted& event, double) { activity_ = event.text; }
  void count(const WorkKnown& event, double now) {
    fetch_bytes_ = event.fetch_bytes;
    layer_bytes_ = event.layer_bytes;
    fetched_bytes_ = 0;
    done_layer_bytes_ = 0;
    publish_bytes_ = 0;  // what was read before is done
    phase_start_ = now;
  }
  void count(const BytesFetched& event, double) { fetched_bytes_ += event.bytes; }
  void count(const StepStarted& event, double) { activity_ = event.label; }
  void count(const StepFinished& event, double) { done_layer_bytes_ += event.input_bytes; }
  void count(const InputFetched&, double) {}
  void count(const DebsUnpacked&, double) {}
  void count(const PublishStarted& event, double now) {
    verb_ = event.verb;
    where_ = event.where;
    publish_bytes_ = event.bytes;
    published_bytes_ = 0;
    phase_start_ = now;
  }
  void count(const BytesPublished& event, double) { published_bytes_ += event.bytes; }
  void count(const WarningRaised&, double) {}

  std::string transfer(std::uint64_t done, std::uint64_t all, double now) const {
    std::string text = fmt::format(" {} of {}", human_bytes(std::min(done, all)), human_bytes(all));
    const double elapsed = now - phase_start_;
    if (elapsed < 1 || done == 0) return text;
    const double rate = static_cast<double>(done) / elapsed;
    const double left = static_cast<double>(all - std::min(done, all)) / rate;
    return text + fmt::format(", {}/s, {:.0f} s left", human_bytes(static_cast<std::uint64_t>(rate)), left);
  }

  std::string activity_, verb_, where_;
  std::uint64_t fetch_bytes_ = 0, fetched_bytes_ = 0, layer_bytes_ = 0, done_layer_bytes_ = 0;
  std::uint64_t publish_bytes_ = 0, published_bytes_ = 0;
  double phase_start_ = 0;
};

class TerminalReporter final : public EventSink {
 public:
  TerminalReporter(TextOut out, Clock clock, Colour colour)
      : out_(std::move(out)), clock_(std::move(clock)), colour_(colour) {}
  ~TerminalReporter() override { clear(); }

  void on(const Event& event) override {
    const std::lock_guard lock(mutex_);
    const double now = clock_();
    tally_.add(event, now);
    if (const auto* warning = std::get_if<WarningRaised>(&event)) {
      clear();
      out_(fmt::format("{} {}\n",
                       colour_ == Colour::Always ? "\x1b[1;33mwarning:\x1b[0m" : "warning:", printable(warning->text)));
      last_drawn_ = -1;
    }
    if (now - last_drawn_ < 0.1) return;
    last_drawn_ = now;
    clear();
    out_(tally_.status(now));
    drawn_ = true;
  }

 private:
  void clear() {
    if (drawn_) out_("\r\x1b[K");
    drawn_ = false;
  }

  std::mutex mutex_;
  TextOut out_;
  Clock clock_;
  Colour colour_;
  Tally tally_;
  double last_drawn_ = -1;
  bool drawn_ = false;
};

class PlainReporter final : public EventSink {
 public:
  PlainReporter(TextOut out, Clock clock) : out_(std::move(out)), clock_(std::move(clock)), last_printed_(clock_()) {}

  void on(const Event& event) override {
    const std::lock_guard lock(mutex_);
    const double now = clock_();
    tally_.add(event, now);
    if (const auto* warning = std::get_if<WarningRaised>(&event))
      out_(fmt::format("warning: {}\n", printable(warning->text)));
    if (const auto* activity = std::get_if<ActivityStarted>(&event)) {
      out_(activity->text + "\n");
      last_printed_ = now;
    }
    if (now - last_printed_ < kIntervalSeconds) return;
    last_printed_ = now;
    out_(tally_.status(now) + "\n");
  }

 private:
  static constexpr double kIntervalSeconds = 5;
  std::mutex mutex_;
  TextOut out_;
  Clock clock_;
  Tally tally_;
  double last_printed_;
};

class QuietReporter final : public EventSink {
 public:
  explicit QuietReporter(TextOut out) : out_(std::move(out)) {}
  void on(const Event& event) override {
    const std::lock_guard lock(mutex_);
    if (const auto* warning = std::get_if<WarningRaised>(&event))
      out_(fmt::format("warning: {}\n", printable(warning->text)));
  }

 private:
  std::mutex mutex_;
  TextOut out_;
};

}  // namespace

std::unique_ptr<EventSink> make_terminal_reporter(TextOut out, Clock clock, Colour colour) {
  return std::make_unique<TerminalReporter>(std::move(out), std::move(clock), colour);
}

std::unique_ptr<EventSink> make_plain_reporter(TextOut out, Clock clock) {
  return std::make_unique<PlainReporter>(std::move(out), std::move(clock));
}

std::unique_ptr<EventSink> make_quiet_reporter(TextOut out) { return std::make_unique<QuietReporter>(std::move(out)); }

}  // namespace mlbuild
