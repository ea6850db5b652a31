#include "sandboxed_interpreter.hpp"

#include "bytecode_driver.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCompiledLimitBytes = std::uint64_t{2} << 30U;
constexpr std::uint64_t kMemoryLimitBytes = std::uint64_t{4} << 30U;
constexpr std::uint64_t kProcessLimit = 16;
constexpr std::chrono::minutes kDeadline{30};

constexpr const char* kInsideIn = "/mlbuild/in";
constexpr const char* kInsideOut = "/mlbuild/out";
constexpr const char* kDriver = "driver.py";
constexpr const char* kRequests = "requests";
constexpr const char* kAnswers = "answers";
constexpr const char* kSources = "sources";
constexpr const char* kCompiled = "compiled";
constexpr char kBatch = 'b';
constexpr char kNoMore = '.';

void make_fifo(const fs::path& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) throw_errno(errno, "cannot make", path);
}

/// Without waiting for the other end.
Fd open_fifo(const fs::path& path, int flags) {
  Fd fifo(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
  if (!fifo.valid() || ::fcntl(fifo.get(), F_SETFL, 0) != 0) throw_errno(errno, "cannot open", path);
  return fifo;
}

}  // namespace

SandboxedInterpreter::SandboxedInterpreter(const InterpreterPlace& place, const fs::path& scratch, Sandbox& sandbox,
                                           const Cancellation& cancellation)
    : directory_(scratch, "bytecode-"), sandbox_(sandbox), cancellation_(cancellation), job_(job(place)) {
  make_directories(in());
  make_directories(out());
  write_file_atomically(in() / kDriver, bytecode_driver());
  open_channels(sandbox.level() <= SandboxLevel::L1);
}

SandboxedInterpreter::~SandboxedInterpreter() {
  if (!run_.joinable()) return;
  [[maybe_unused]] const ssize_t told = ::write(requests_.get(), &kNoMore, 1);
  run_.join();
}

SandboxJob SandboxedInterpreter::job(const InterpreterPlace& place) const {
  SandboxJob job = place.job;
  job.argv = {place.interpreter, "-I", "-S", "-B", fmt::format("{}/{}", kInsideIn, kDriver), kInsideIn, kInsideOut};
  job.mounts = {{in(), kInsideIn, false}, {.host = out(), .inside = kInsideOut, .writable = true, .counted = true}};
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

/// An interpreter that does not stay finds its one request in a plain file; its end is the answer.
void SandboxedInterpreter::open_channels(bool stays) {
  const fs::path answers = stays ? out() / kAnswers : directory_.path() / kAnswers;
  make_fifo(answers);
  answers_ = open_fifo(answers, O_RDONLY);
  answers_end_ = open_fifo(answers, O_WRONLY);
  const fs::path requests = in() / kRequests;
  if (stays) {
    make_fifo(requests);
  } else {
    write_file_atomically(requests, "");
  }
  requests_ =
      open_fifo(requests, O_RDWR | O_APPEND);  // both ends: nobody waits for the other, nor is hurt when it goes
}

void SandboxedInterpreter::start() {
  started_ = std::chrono::steady_clock::now();
  run_ = std::thread([this] {
    try {
      outcome_ = sandbox_.run(job_, cancellation_);
    } catch (...) {
      failure_ = std::current_exception();  // thrown by end()
    }
    answers_end_ = Fd();
  });
}

bool SandboxedInterpreter::compile(const std::function<void(RecordFile& sources)>& put_sources) {
  fs::remove(out() / kCompiled);  // of the batch before
  RecordFile sources(in() / kSources);
  put_sources(sources);
  sources.close();
  if (::write(requests_.get(), &kBatch, 1) != 1) throw_errno(errno, "cannot write", in() / kRequests);
  if (!run_.joinable()) start();
  char answer = 0;
  ssize_t got = 0;
  do {
    got = ::read(answers_.get(), &answer, 1);
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw_errno(errno, "cannot read", out() / kAnswers);
  has_compiled_ = has_compiled_ || got == 1;
  return got == 1;
}

std::optional<RecordReader> SandboxedInterpreter::compiled() const {
  const fs::path file = out() / kCompiled;
  if (!fs::exists(fs::symlink_status(file))) return std::nullopt;
  return RecordReader(file, kCompiledLimitBytes);
}

SandboxOutcome SandboxedInterpreter::end() {
  if (run_.joinable()) {
    if (::write(requests_.get(), &kNoMore, 1) != 1) throw_errno(errno, "cannot write", in() / kRequests);
    run_.join();
  }
  if (failure_) std::rethrow_exception(failure_);
  return outcome_;
}

bool SandboxedInterpreter::is_old() const { return std::chrono::steady_clock::now() - started_ > kDeadline / 2; }

}  // namespace mlbuild
