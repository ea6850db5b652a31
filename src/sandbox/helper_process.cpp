#include "helper_process.hpp"

#include "resource_group.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <system_error>
#include <utility>

namespace mlbuild {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFirstFree = 6;                           // 0-5 are taken in the helper
constexpr std::chrono::milliseconds kPollInterval{50};  // for the cancellation flag, which a signal handler sets
constexpr std::chrono::seconds kToEnd{5};
constexpr std::uint64_t kReportLimitBytes = 1U << 20U;

/// Above the numbers that the child gets, so that no dup2 overwrites what a later one needs.
Fd moved_up(int raw) {
  const Fd low(raw);
  Fd high(::fcntl(raw, F_DUPFD_CLOEXEC, kFirstFree));
  if (!high.valid()) throw_errno(errno, "duplicate", "descriptor for the sandbox");
  return high;
}

/// Our own descriptor, as a copy that dup2 may read from.
Fd copy_of(int standard) {
  Fd copy(::fcntl(standard, F_DUPFD_CLOEXEC, kFirstFree));
  if (!copy.valid()) throw_errno(errno, "duplicate", "standard descriptor for the sandbox");
  return copy;
}

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "make", "pipe for the sandbox");
  Fd read = moved_up(ends[0]);
  return {std::move(read), moved_up(ends[1])};
}

Fd memory_file(const char* name, std::string_view content) {
  Fd fd = moved_up(::memfd_create(name, MFD_CLOEXEC));
  if (!write_all(fd.get(), as_bytes(content))) throw_errno(errno, "write", name);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno(errno, "rewind", name);
  return fd;
}

/// One stream of the helper: kept up to a limit, read on without keeping so that the writer does not block.
class Stream {
 public:
  Stream(const Fd& fd, std::uint64_t limit_bytes) : fd_(fd), limit_bytes_(limit_bytes), ended_(!fd.valid()) {}
  pollfd to_poll() const { return {ended_ ? -1 : fd_.get(), POLLIN, 0}; }
  bool ended() const { return ended_; }
  void read_some() {
    std::array<char, std::size_t{32} * 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      ended_ = true;
      return;
    }
    const std::size_t got = static_cast<std::size_t>(count);
    const std::size_t room = static_cast<std::size_t>(limit_bytes_) - text_.size();
    text_.append(buffer.data(), std::min(got, room));
    cut_ = cut_ || got > room;
  }
  std::string take() {
    if (cut_) text_ += fmt::format("\n[output cut off after {} bytes]\n", limit_bytes_);
    return std::move(text_);
  }

 private:
  const Fd& fd_;
  std::uint64_t limit_bytes_;
  std::string text_;
  bool ended_;
  bool cut_ = false;
};

/// Attributes and file actions of posix_spawn, which are C objects with destroy functions.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    // A session of its own: Ctrl-C of the terminal reaches only us, and we end the run in order.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

}  // namespace

HelperProcess::HelperProcess(const std::filesystem::path& helper, std::string_view helper_job, const SandboxJob& job) {
  const Fd job_file = memory_file("sandbox-job", helper_job);
  const Fd input = job.attached ? copy_of(STDIN_FILENO) : memory_file("sandbox-input", job.standard_input);
  Pipe out = job.attached ? Pipe{Fd(), copy_of(STDOUT_FILENO)} : make_pipe();
  Pipe err = job.attached ? Pipe{Fd(), copy_of(STDERR_FILENO)} : make_pipe();
  Pipe report = make_pipe();
  Pipe lifeline = make_pipe();
  start(helper, job_file.get(), input.get(), out.write.get(), err.write.get(), report.write.get(), lifeline.read.get());
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  report_ = std::move(report.read);
  lifeline_ = std::move(lifeline.write);
}

void HelperProcess::start(const std::filesystem::path& helper, int job, int input, int out, int err, int report,
                          int lifeline) {
  SpawnSettings settings;
  int number = 0;
  for (const int fd : {input, out, err, job, report, lifeline}) {
    ::posix_spawn_file_actions_adddup2(&settings.actions, fd, number++);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, kFirstFree);
  std::string name = helper.string();
  std::string word = "__sandbox";
  const std::array<char*, 3> arguments{name.data(), word.data(), nullptr};
  const int error =
      ::posix_spawn(&process_, name.c_str(), &settings.actions, &settings.attributes, arguments.data(), environ);
  started_ = process_;
  if (error == 0) return;
  started_ = process_ = -1;
  throw Error(ErrorKind::Step, fmt::format("the sandbox helper `{}` cannot be started: {}", name,
                                           std::generic_category().message(error)));
}

HelperProcess::~HelperProcess() { reap(); }

void HelperProcess::tidy_up_after() noexcept {
  if (started_ > 0) remove_groups_of(started_);
}

void HelperProcess::reap() noexcept {
  if (process_ < 0) return;
  lifeline_ = Fd();
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
  pollfd polled{ended.get(), POLLIN, 0};
  const int count = ::poll(&polled, 1, static_cast<int>(std::chrono::milliseconds(kToEnd).count()));
  if (count == 0) ::kill(process_, SIGKILL);  // pid 1 inside dies with it
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

void HelperProcess::pass_signals_on(int from) const {
  std::array<char, 64> numbers;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  const ssize_t count = ::read(from, numbers.data(), numbers.size());
  if (count <= 0) return;
  [[maybe_unused]] const bool is_alive =
      write_all(lifeline_.get(), as_bytes({numbers.data(), static_cast<std::size_t>(count)}));
}

HelperOutput HelperProcess::wait(const SandboxJob& job, std::optional<std::chrono::milliseconds> patience,
                                 const Cancellation& cancellation) {
  Stream out(out_, job.output_limit_bytes);
  Stream err(err_, job.output_limit_bytes);
  Stream report(report_, kReportLimitBytes);
  const Clock::time_point until = patience ? Clock::now() + *patience : Clock::time_point::max();
  while (!out.ended() || !err.ended() || !report.ended()) {
    std::array<pollfd, 4> polled{out.to_poll(), err.to_poll(), report.to_poll(), pollfd{job.signals, POLLIN, 0}};
    ::poll(polled.data(), polled.size(), static_cast<int>(kPollInterval.count()));
    if (polled[0].revents != 0) out.read_some();
    if (polled[1].revents != 0) err.read_some();
    if (polled[2].revents != 0) report.read_some();
    if ((polled[3].revents & POLLIN) != 0) pass_signals_on(job.signals);
    if (cancellation.requested() || Clock::now() > until) break;
  }
  reap();
  cancellation.check();
  return {out.take(), err.take(), report.take()};
}

}  // namespace mlbuild
