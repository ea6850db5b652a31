#include "mlbuild/sys/child_process.hpp"

#include "boost_process.hpp"
#include "child_setup.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/fd.hpp"
#include "mlbuild/sys/open_files.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mlbuild {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{20};  // for the cancellation flag, which a signal handler sets
constexpr std::size_t kOutputBufferBytes = 16384;
constexpr std::chrono::seconds kGraceBeforeKill{2};
constexpr std::chrono::seconds kDrainAfterExit{1};

/// Collects one output stream of the child up to a limit, and throws away what follows so that the child does not
/// block.
class OutputReader {
 public:
  OutputReader(asio::io_context& context, std::size_t limit_bytes) : pipe(context), limit_bytes_(limit_bytes) {}
  void start() {
    pipe.async_read_some(asio::buffer(buffer_), [this](const boost::system::error_code& error, std::size_t count) {
      keep({buffer_.data(), count});
      if (error) {
        ended_ = true;
      } else {
        start();
      }
    });
  }
  void stop() {
    boost::system::error_code ignored;  // closing fails only for what is closed
    pipe.close(ignored);
  }
  bool ended() const { return ended_; }
  std::string take() {
    if (cut_) text_ += fmt::format("\n[output cut off after {} bytes]\n", limit_bytes_);
    return std::move(text_);
  }

  asio::readable_pipe pipe;

 private:
  void keep(std::string_view text) {
    const std::size_t room = limit_bytes_ - text_.size();
    cut_ = cut_ || text.size() > room;
    text_.append(text.substr(0, room));
  }

  std::size_t limit_bytes_;
  std::string text_;
  std::array<char, kOutputBufferBytes> buffer_{};
  bool cut_ = false;
  bool ended_ = false;
};

/// The child's standard input as a file in memory: unlike a pipe it needs no writer, and no care for SIGPIPE.
Fd memory_file(std::string_view content) {
  Fd fd(::memfd_create("mlbuild-stdin", MFD_CLOEXEC));
  if (!fd.valid()) throw_errno(errno, "make", "standard input");
  if (!write_all(fd.get(), as_bytes(content))) throw_errno(errno, "write", "standard input");
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno(errno, "rewind", "standard input");
  return fd;
}

std::filesystem::path executable_of(const Command& command) {
  if (command.argv.empty()) throw Error(ErrorKind::Internal, "command without a program");
  if (auto found = find_program(command.argv.front())) return std::filesystem::absolute(*found);
  throw Error(ErrorKind::Step, fmt::format("program `{}` is not there or cannot be executed", command.argv.front()))
      .hint("install it, or put its directory into PATH");
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : command.env) pairs.push_back(fmt::format("{}={}", name, value));
  return pairs;
}

class ChildRun {
 public:
  ChildRun(const Command& command, const Cancellation& cancellation)
      : command_(command),
        cancellation_(cancellation),
        out_(context_, command.output_limit_bytes),
        err_(context_, command.output_limit_bytes),
        child_(context_) {}

  ~ChildRun() {
    if (!exited_) signal_group(SIGKILL);  // the leader is reaped by the destructor of child_
  }
  ChildRun(const ChildRun&) = delete;
  ChildRun& operator=(const ChildRun&) = delete;

  CommandResult run() {
    launch();
    out_.start();
    err_.start();
    child_.async_wait([this](const boost::system::error_code& error, int) { on_exit(error); });
    while (!exited_ || !out_.ended() || !err_.ended()) {
      context_.restart();
      context_.run_one_for(kPollInterval);
      watch();
    }
    if (cancelled_) throw Error(ErrorKind::Interrupted, "interrupted").while_doing("running " + name());
    if (wait_error_) {  // nothing is known then, least of all that it went well
      throw Error(ErrorKind::Step, fmt::format("cannot learn how {} ended: {}", name(), wait_error_.message()));
    }
    return result();
  }

 private:
  std::string name() const { return fmt::format("`{}`", command_.argv.front()); }

  void launch() {
    const std::filesystem::path executable = executable_of(command_);
    const std::vector<std::string> arguments(command_.argv.begin() + 1, command_.argv.end());
    const std::vector<std::string> environment = environment_of(command_);
    const Fd input = memory_file(command_.standard_input);
    const ChildSetup setup{command_.working_directory.string(), open_files_of_children()};
    process::posix::default_launcher launcher;
    boost::system::error_code error;
    try {
      child_ = launcher(context_.get_executor(), error, executable.c_str(), arguments,
                        process::process_stdio{input.get(), out_.pipe, err_.pipe},
                        process::process_environment(environment), setup);
    } catch (const boost::system::system_error& thrown) {
      error = thrown.code();
      if (launcher.pid > 0) ::kill(launcher.pid, SIGKILL);  // it runs, but nothing could be made to watch it
    }
    if (!error) return;
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // the launcher leaves a child that failed as a zombie
    throw Error(ErrorKind::Step, fmt::format("cannot start {}: {}", name(), error.message()));
  }

  void on_exit(const boost::system::error_code& error) {
    exited_ = true;
    wait_error_ = error;
    signal_group(SIGKILL);  // what it left running in its group would keep the pipes open
    drain_until_ = Clock::now() + kDrainAfterExit;
  }

  void watch() {
    const Clock::time_point now = Clock::now();
    if (exited_) {
      if (now < drain_until_) return;
      out_.stop();
      err_.stop();
    } else if (ending_) {
      if (now >= kill_at_) signal_group(SIGKILL);
    } else if (cancellation_.requested()) {
      cancelled_ = true;
      ask_to_end(now);
    } else if (now >= deadline_) {
      deadline_passed_ = true;
      ask_to_end(now);
    }
  }

  void ask_to_end(Clock::time_point now) {
    ending_ = true;
    kill_at_ = now + kGraceBeforeKill;
    signal_group(SIGTERM);
  }

  void signal_group(int signal_number) {
    if (child_.is_open() && child_.id() > 0) ::kill(-child_.id(), signal_number);
  }

  CommandResult result() {
    CommandResult result;
    const int status = child_.native_exit_code();
    const bool signaled = WIFSIGNALED(status);
    result.end = signaled ? CommandResult::End::Signaled : CommandResult::End::Exited;
    result.code = signaled ? WTERMSIG(status) : WEXITSTATUS(status);
    if (deadline_passed_) result.end = CommandResult::End::DeadlinePassed;
    result.out = out_.take();
    result.err = err_.take();
    return result;
  }

  const Command& command_;
  const Cancellation& cancellation_;
  asio::io_context context_;
  OutputReader out_;
  OutputReader err_;
  process::process child_;
  Clock::time_point deadline_ = Clock::now() + command_.deadline;
  Clock::time_point kill_at_;
  Clock::time_point drain_until_;
  bool exited_ = false;
  boost::system::error_code wait_error_;
  bool ending_ = false;
  bool cancelled_ = false;
  bool deadline_passed_ = false;
};

}  // namespace

CommandResult run_command(const Command& command, const Cancellation& cancellation) {
  cancellation.check();
  return ChildRun(command, cancellation).run();
}

}  // namespace mlbuild
