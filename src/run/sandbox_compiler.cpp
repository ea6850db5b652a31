#include "sandbox_compiler.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

// As much as keeps the processors busy to the end of a layer.
constexpr std::uint64_t kPortionBytes = std::uint64_t{8} << 20U;

constexpr std::uint64_t kMagicLimitBytes = 64;

/// The interpreter is as foreign as its base, and a file with a hole claims any size for nothing. Real bytecode has
/// less than twice the size of its source.
std::uint64_t bytecode_limit(std::uint64_t source_bytes) {
  constexpr std::uint64_t kTimesSource = 32;
  constexpr std::uint64_t kAtLeastBytes = std::uint64_t{1} << 20U;
  return kAtLeastBytes + kTimesSource * source_bytes;
}

/// Sources that an interpreter gets at once.
struct Range {
  std::size_t begin = 0, end = 0;
};

std::vector<Range> portions_of(const PythonSources& sources) {
  std::vector<Range> portions;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sources.files.size(); ++i) {
    if (portions.empty() || bytes >= kPortionBytes) {
      portions.push_back({i, i});
      bytes = 0;
    }
    bytes += sources.files[i].size_bytes;
    portions.back().end = i + 1;
  }
  return portions;
}

Error interpreter_failed(const std::string& interpreter, const SandboxOutcome& outcome) {
  constexpr std::size_t kShownBytes = 2000;
  const std::string said = outcome.err.substr(outcome.err.size() - std::min(outcome.err.size(), kShownBytes));
  std::string how = fmt::format("ended with status {}", outcome.code);
  if (outcome.end == SandboxOutcome::End::Signaled) how = fmt::format("was ended by signal {}", outcome.code);
  if (outcome.end == SandboxOutcome::End::DeadlinePassed) how = "did not end in time";
  if (outcome.end == SandboxOutcome::End::MemoryExceeded) how = "needed too much memory";
  if (outcome.end == SandboxOutcome::End::DiskExceeded) how = "wrote too much to the disk";
  Error error(ErrorKind::Step, fmt::format("`{}` cannot compile to bytecode: it {}", interpreter, how));
  if (!trim(said).empty()) error.while_doing(printable(trim(said)));
  return error.hint("to build without bytecode, write `bytecode: false` under `python`");
}

void put_sources(const PythonSources& sources, std::size_t begin, std::size_t end, RecordFile& file) {
  for (std::size_t i = begin; i < end; ++i) {
    file.put(as_bytes("/" + sources.files[i].path));
    file.put(sources.read(i));
  }
}

struct Release {
  std::counting_semaphore<>& semaphore;
  ~Release() { semaphore.release(); }
};

}  // namespace

SandboxCompiler::SandboxCompiler(std::function<InterpreterPlace()> place, fs::path scratch, std::size_t threads,
                                 Sandbox& sandbox, const Cancellation& cancellation)
    : make_place_(std::move(place)),
      scratch_(std::move(scratch)),
      threads_(std::max<std::size_t>(threads, 1)),
      sandbox_(sandbox),
      cancellation_(cancellation),
      free_(static_cast<std::ptrdiff_t>(threads_)) {}

SandboxCompiler::~SandboxCompiler() = default;

std::unique_ptr<SandboxedInterpreter> SandboxCompiler::take_interpreter() {
  std::call_once(placed_, [this] { place_ = make_place_(); });
  while (true) {
    std::unique_ptr<SandboxedInterpreter> idle;
    {
      const std::scoped_lock lock(idle_mutex_);
      if (idle_.empty()) break;
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    if (!idle->is_old()) return idle;
  }
  return std::make_unique<SandboxedInterpreter>(place_, scratch_, sandbox_, cancellation_);
}

void SandboxCompiler::give_back(std::unique_ptr<SandboxedInterpreter> interpreter) {
  const std::scoped_lock lock(idle_mutex_);
  idle_.push_back(std::move(interpreter));
}

void SandboxCompiler::compile_portion(const PythonSources& sources, std::size_t begin, std::size_t end,
                                      const std::function<void(std::size_t, std::optional<ByteSpan>)>& on_compiled) {
  while (begin < end) {
    free_.acquire();
    const Release release{free_};
    std::unique_ptr<SandboxedInterpreter> interpreter = take_interpreter();
    const bool is_used = interpreter->has_compiled();
    const bool lives = interpreter->compile([&](RecordFile& file) { put_sources(sources, begin, end, file); });
    std::optional<RecordReader> compiled = interpreter->compiled();
    if (!compiled || !compiled->take(kMagicLimitBytes)) {  // the magic number
      const SandboxOutcome outcome = interpreter->end();
      if (is_used && !lives) continue;  // it had died before
      throw interpreter_failed(place_.interpreter, outcome);
    }
    for (; begin < end; ++begin) {
      const std::optional<Bytes> pyc = compiled->take(bytecode_limit(sources.files[begin].size_bytes));
      if (!pyc) break;
      on_compiled(begin, pyc->empty() ? std::nullopt : std::optional<ByteSpan>(*pyc));
    }
    if (begin == end && lives) return give_back(std::move(interpreter));
    const SandboxOutcome outcome = interpreter->end();
    if (begin == end && outcome.ok()) return;
    const bool crashed = outcome.end == SandboxOutcome::End::Signaled && begin < end;
    if (!crashed) throw interpreter_failed(place_.interpreter, outcome);
    on_compiled(begin++, std::nullopt);  // e.g. the parser's recursion
  }
}

void SandboxCompiler::compile(const PythonSources& sources,
                              const std::function<void(std::size_t, std::optional<ByteSpan>)>& on_compiled) {
  std::mutex one_at_a_time;
  const auto tell = [&](std::size_t index, std::optional<ByteSpan> pyc) {
    const std::scoped_lock lock(one_at_a_time);
    on_compiled(index, pyc);
  };
  const std::vector<Range> portions = portions_of(sources);
  parallel_for(threads_, portions.size(), [&](std::size_t number) {
    compile_portion(sources, portions[number].begin, portions[number].end, tell);
  });
}

void SandboxCompiler::end_interpreters() {
  std::vector<std::unique_ptr<SandboxedInterpreter>> idle;
  const std::scoped_lock lock(idle_mutex_);
  idle.swap(idle_);
}

std::uint16_t SandboxCompiler::magic() {
  const std::unique_ptr<SandboxedInterpreter> interpreter = take_interpreter();
  interpreter->compile([](RecordFile&) {});
  std::optional<RecordReader> compiled = interpreter->compiled();
  const SandboxOutcome outcome = interpreter->end();
  if (!outcome.ok() || !compiled) throw interpreter_failed(place_.interpreter, outcome);
  const std::optional<Bytes> magic = compiled->take(kMagicLimitBytes);
  if (!magic || magic->size() < 2) throw interpreter_failed(place_.interpreter, outcome);
  return static_cast<std::uint16_t>(std::to_integer<unsigned>((*magic)[0]) | std::to_integer<unsigned>((*magic)[1])
                                                                                 << 8U);
}

}  // namespace mlbuild
