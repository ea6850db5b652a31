#include "sandbox_compiler.hpp"

#include "bytecode_driver.hpp"
#include "plain_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

// An interpreter costs about 25 ms to start and to end, 8 MiB of sources about a second: less than that would waste
// time, more would leave processors idle at the end of a layer.
constexpr std::uint64_t kPortionBytes = std::uint64_t{8} << 20U;
constexpr std::uint64_t kCompiledLimitBytes = std::uint64_t{2} << 30U;
constexpr std::uint64_t kMemoryLimitBytes = std::uint64_t{4} << 30U;
constexpr std::uint64_t kProcessLimit = 16;
constexpr std::chrono::minutes kDeadline{30};

constexpr const char* kInsideIn = "/mlbuild/in";
constexpr const char* kInsideOut = "/mlbuild/out";
constexpr const char* kDriver = "driver.py";
constexpr const char* kSources = "sources";
constexpr const char* kCompiled = "compiled";

class RecordFile {
 public:
  explicit RecordFile(const fs::path& path) : path_(path), file_(path, std::ios::binary) {}
  void put(ByteSpan record) {
    const std::size_t size = record.size();
    for (unsigned shift = 0; shift < 32; shift += 8) file_.put(static_cast<char>(size >> shift));
    file_ << as_text(record);
  }
  void close() {
    file_.close();
    if (file_.fail()) throw Error(ErrorKind::Io, fmt::format("cannot write `{}`", path_.string()));
  }

 private:
  fs::path path_;
  std::ofstream file_;
};

/// Reads what the interpreter wrote, as far as it goes.
class RecordReader {
 public:
  explicit RecordReader(const fs::path& path)
      : file_(open_plain_file(path, kCompiledLimitBytes), path), rest_(file_.size_bytes()) {}
  std::optional<Bytes> take() {
    constexpr std::size_t kLengthBytes = 4;
    if (rest_ < kLengthBytes) return std::nullopt;
    const Bytes length = bytes(kLengthBytes);
    std::uint32_t size = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) size = size << 8U | std::to_integer<std::uint32_t>(length[i]);
    if (size > rest_) return std::nullopt;
    return bytes(size);
  }

 private:
  Bytes bytes(std::size_t count) {
    Bytes taken(count);
    file_.read_at(at_, taken);
    at_ += count;
    rest_ -= count;
    return taken;
  }

  DiskFile file_;
  std::uint64_t at_ = 0, rest_;
};

/// Sources that one interpreter compiles.
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
  Error error(ErrorKind::Step, fmt::format("`{}` cannot compile to bytecode: it {}", interpreter, how));
  if (!trim(said).empty()) error.while_doing(printable(trim(said)));
  return error.hint("to build without bytecode, write `bytecode: false` under `python`");
}

}  // namespace

/// One directory that sources go into and bytecode comes out of.
class SandboxCompiler::Portion {
 public:
  explicit Portion(const fs::path& scratch) : directory_(scratch, "bytecode-") {
    make_directories(path() / "in");
    make_directories(path() / "out");
    std::ofstream driver(path() / "in" / kDriver);
    driver << bytecode_driver();
    driver.close();
    if (driver.fail()) throw Error(ErrorKind::Io, fmt::format("cannot write into `{}`", path().string()));
  }
  const fs::path& path() const { return directory_.path(); }

  void put_sources(const PythonSources& sources, const Range& range) const {
    RecordFile file(path() / "in" / kSources);
    for (std::size_t i = range.begin; i < range.end; ++i) {
      file.put(as_bytes("/" + sources.files[i].path));
      file.put(sources.read(i));
    }
    file.close();
  }

  /// Nothing when the interpreter did not get as far as to open it.
  std::optional<RecordReader> compiled() const {
    const fs::path file = path() / "out" / kCompiled;
    if (!fs::exists(fs::symlink_status(file))) return std::nullopt;
    return RecordReader(file);
  }

 private:
  TempDir directory_;
};

SandboxCompiler::SandboxCompiler(std::function<InterpreterPlace()> place, fs::path scratch, std::size_t threads,
                                 Sandbox& sandbox, const Cancellation& cancellation)
    : make_place_(std::move(place)),
      scratch_(std::move(scratch)),
      threads_(std::max<std::size_t>(threads, 1)),
      sandbox_(sandbox),
      cancellation_(cancellation),
      free_(static_cast<std::ptrdiff_t>(threads_)) {}

SandboxJob SandboxCompiler::job_in(const fs::path& directory) {
  std::call_once(placed_, [this] { place_ = make_place_(); });
  SandboxJob job = place_.job;
  const auto inside = [](const char* where, const char* file) { return fmt::format("{}/{}", where, file); };
  job.argv = {place_.interpreter,           "-I", "-S", "-B", inside(kInsideIn, kDriver), inside(kInsideIn, kSources),
              inside(kInsideOut, kCompiled)};
  job.mounts = {{directory / "in", kInsideIn, false}, {directory / "out", kInsideOut, true}};
  // Each file's syntax tree is freed at once; without this glibc would give its pages back and fault in new ones for
  // the next: half of the compiler's system time.
  job.env["MALLOC_TRIM_THRESHOLD_"] = job.env["MALLOC_MMAP_THRESHOLD_"] = "1073741824";
  job.env["MALLOC_TOP_PAD_"] = "33554432";
  job.working_directory = "/";
  job.deadline = kDeadline;
  job.memory_limit_bytes = kMemoryLimitBytes;
  job.process_limit = kProcessLimit;
  job.file_limit_bytes = kCompiledLimitBytes;
  return job;
}

SandboxOutcome SandboxCompiler::run(const SandboxJob& job) {
  free_.acquire();
  struct Release {
    std::counting_semaphore<>& semaphore;
    ~Release() { semaphore.release(); }
  } release{free_};
  return sandbox_.run(job, cancellation_);
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
    Range rest = portions[number];
    while (rest.begin < rest.end) {
      const Portion portion(scratch_);
      const SandboxJob job = job_in(portion.path());
      portion.put_sources(sources, rest);
      const SandboxOutcome outcome = run(job);
      std::optional<RecordReader> compiled = portion.compiled();
      if (!compiled || !compiled->take()) throw interpreter_failed(place_.interpreter, outcome);  // the magic number
      for (; rest.begin < rest.end; ++rest.begin) {
        const std::optional<Bytes> pyc = compiled->take();
        if (!pyc) break;
        tell(rest.begin, pyc->empty() ? std::nullopt : std::optional<ByteSpan>(*pyc));
      }
      if (rest.begin == rest.end && outcome.ok()) break;
      const bool crashed = outcome.end == SandboxOutcome::End::Signaled && rest.begin < rest.end;
      if (!crashed) throw interpreter_failed(place_.interpreter, outcome);
      tell(rest.begin++, std::nullopt);  // e.g. the parser's recursion
    }
  });
}

std::uint16_t SandboxCompiler::magic() {
  const Portion portion(scratch_);
  const SandboxJob job = job_in(portion.path());
  portion.put_sources({}, {});
  const SandboxOutcome outcome = run(job);
  std::optional<RecordReader> compiled = portion.compiled();
  if (!outcome.ok() || !compiled) throw interpreter_failed(place_.interpreter, outcome);
  const std::optional<Bytes> magic = compiled->take();
  if (!magic || magic->size() < 2) throw interpreter_failed(place_.interpreter, outcome);
  return static_cast<std::uint16_t>(std::to_integer<unsigned>((*magic)[0]) | std::to_integer<unsigned>((*magic)[1])
                                                                                 << 8U);
}

}  // namespace mlbuild
