#include "mlbuild/report/profile.hpp"

#include "text_table.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kShownRows = 25;

std::string seconds_text(double seconds) { return fmt::format("{:.3f} s", seconds); }

std::string bytes_text(std::uint64_t bytes) { return bytes == 0 ? "" : human_bytes(bytes); }

class ProfiledEvents final : public EventSink {
 public:
  ProfiledEvents(std::unique_ptr<EventSink> next, Profile& profile) : next_(std::move(next)), profile_(profile) {}
  void on(const Event& event) override {
    profile_.on(event);
    next_->on(event);
  }

 private:
  std::unique_ptr<EventSink> next_;
  Profile& profile_;
};

}  // namespace

Profile::Profile(Clock clock) : clock_(std::move(clock)), start_(clock_()) {}

void Profile::on(const Event& event) {
  const std::lock_guard lock(mutex_);
  note(event, clock_() - start_);
}

void Profile::note(const Event& event, double now) {
  if (const auto* fetched = std::get_if<InputFetched>(&event)) {
    rows_.push_back({"fetch", fetched->label, now - fetched->seconds, fetched->seconds, 0, fetched->bytes, 0});
  } else if (const auto* step = std::get_if<StepFinished>(&event)) {
    rows_.push_back({"step", step->label, now - step->seconds, step->seconds, step->cpu_seconds, step->input_bytes,
                     step->output_bytes});
  } else if (const auto* debs = std::get_if<DebsUnpacked>(&event)) {
    debs_ += debs->count;
  } else if (const auto* publish = std::get_if<PublishStarted>(&event)) {
    rows_.push_back({"transfer", fmt::format("{} {}", publish->verb, publish->where), now, 0, 0, 0, 0});
  } else if (const auto* bytes = std::get_if<BytesPublished>(&event)) {
    if (rows_.empty() || rows_.back().kind != "transfer") return;  // sent early, while layers are still being made
    rows_.back().bytes_out += bytes->bytes;
    rows_.back().seconds = now - rows_.back().begin_seconds;
  }
}

/// "fetch: 37 inputs, 161.9 MB, from 0.021 s to 4.310 s"
std::string Profile::kind_text(const std::string& kind, const std::string& name) const {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  double begin = 0, end = 0, cpu = 0;
  for (const Row& row : rows_) {
    if (row.kind != kind) continue;
    begin = count == 0 ? row.begin_seconds : std::min(begin, row.begin_seconds);
    end = std::max(end, row.begin_seconds + row.seconds);
    cpu += row.cpu_seconds;
    bytes += std::max(row.bytes_in, row.bytes_out);
    ++count;
  }
  if (count == 0) return "";
  return fmt::format("  {:<8} {} {}, {}, from {} to {}{}\n", kind, count, name, human_bytes(bytes), seconds_text(begin),
                     seconds_text(end), cpu > 0 ? fmt::format(", {} of processor", seconds_text(cpu)) : "");
}

std::string Profile::text(const ProcessCost& cost) const {
  const std::lock_guard lock(mutex_);
  std::vector<const Row*> longest;
  for (const Row& row : rows_) longest.push_back(&row);
  std::ranges::stable_sort(longest, [](const Row* a, const Row* b) { return a->seconds > b->seconds; });
  TextTable table({"began", "took", "processor", "in", "out", ""});
  for (std::size_t i = 0; i < std::min(kShownRows, longest.size()); ++i) {
    const Row& row = *longest[i];
    table.add({seconds_text(row.begin_seconds), seconds_text(row.seconds),
               row.kind == "step" ? seconds_text(row.cpu_seconds) : "", bytes_text(row.bytes_in),
               bytes_text(row.bytes_out),
               row.kind == "transfer" ? printable(row.label) : fmt::format("{} {}", row.kind, printable(row.label))});
  }
  std::string text = table.text();
  if (longest.size() > kShownRows) text += fmt::format("and {} shorter ones\n", longest.size() - kShownRows);
  text += kind_text("fetch", "inputs") + kind_text("step", "steps") + kind_text("transfer", "transfers");
  if (debs_ > 0) text += fmt::format("  {:<8} {} Debian packages decoded, each once\n", "debs", debs_);
  return text + fmt::format("  whole    {}, {} of processor, {} more in programs that it ran, {} of memory at most\n",
                            seconds_text(cost.seconds), seconds_text(cost.own_cpu_seconds),
                            seconds_text(cost.child_cpu_seconds), human_bytes(cost.peak_memory_bytes));
}

std::unique_ptr<EventSink> with_profile(std::unique_ptr<EventSink> next, Profile& profile) {
  return std::make_unique<ProfiledEvents>(std::move(next), profile);
}

}  // namespace mlbuild
