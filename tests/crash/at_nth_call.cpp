// at_nth_call CLASS N FAULT LOG COMMAND...: runs the command and, at the Nth system call of a class, counted over all
// of its threads and children together, does what a bad day would. (strace counts for each thread by itself, so that it
// cannot say "the Nth".)
//
// FAULT: none; kill: everything is killed before the call happens; an errno (ENOSPC, EIO, EINTR, EMFILE): the call does
// not happen and fails with it; short: the call moves half of what was asked for. Counting starts when the program
// opens /dev/null, which is the first thing that main() of mlbuild does: what the dynamic loader does with a failing
// disk is not ours.
//
// LOG gets a line for each call of class `change` that was made: `result tab call tab file [tab second file]`, and the
// calls of the class counted as `counted tab number`, and `fault tab call tab file...` when the fault came to pass. The
// exit code is the command's, 128 + n when signal n ended it.
#include "traced_calls.hpp"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers)
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>

namespace {

constexpr long kNoError = 0;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(125);
}

struct Wanted {
  std::string calls;
  long number;
  std::string fault;
};

long errno_of(const std::string& fault) {
  const std::map<std::string, long> known{{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EMFILE", EMFILE}};
  const auto found = known.find(fault);
  return found == known.end() ? kNoError : found->second;
}

/// The registers of a stopped thread that hold a system call. Only what differs between machines is here.
class Registers {
 public:
  explicit Registers(pid_t thread) : thread_(thread) {
    iovec part{&registers_, sizeof registers_};
    if (::ptrace(PTRACE_GETREGSET, thread_, NT_PRSTATUS, &part) != 0) fail("reading registers");
  }
#if defined(__x86_64__)
  void skip_call() { registers_.orig_rax = ~0ULL; }
  void set_result(long result) { registers_.rax = static_cast<unsigned long long>(result); }
  void set_length(std::uint64_t bytes) { registers_.rdx = bytes; }
#elif defined(__aarch64__)
  void skip_call() {
    int none = -1;
    iovec part{&none, sizeof none};
    if (::ptrace(PTRACE_SETREGSET, thread_, NT_ARM_SYSTEM_CALL, &part) != 0) fail("skipping a call");
  }
  void set_result(long result) { registers_.regs[0] = static_cast<unsigned long long>(result); }
  void set_length(std::uint64_t bytes) { registers_.regs[2] = bytes; }
#endif
  void store() {
    iovec part{&registers_, sizeof registers_};
    if (::ptrace(PTRACE_SETREGSET, thread_, NT_PRSTATUS, &part) != 0) fail("writing registers");
  }

 private:
  pid_t thread_;
  user_regs_struct registers_{};
};

class Tracer {
 public:
  Tracer(Wanted wanted, pid_t command, std::FILE* log) : wanted_(std::move(wanted)), command_(command), log_(log) {}

  /// The command's exit code.
  int run() {
    int status = 0;
    for (pid_t thread = 0; (thread = ::waitpid(-1, &status, __WALL)) > 0;) {
      if (WIFSTOPPED(status)) {
        alive_.insert(thread);
        stopped(thread, status);
      } else {
        alive_.erase(thread);
        pending_.erase(thread);
        if (thread == command_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
    }
    std::fprintf(log_, "counted\t%ld\n", counted_);
    return exit_code_;
  }

 private:
  struct Pending {
    std::string line;  ///< for the log, once the result is known
    bool is_failed = false;
  };

  void stopped(pid_t thread, int status) {
    const int signal_number = WSTOPSIG(status);
    const int event = status >> 16;
    if (signal_number == (SIGTRAP | 0x80)) {
      at_call(thread);
      go_on(thread, 0);
    } else if (event == PTRACE_EVENT_STOP && is_stopping(signal_number)) {
      ::ptrace(PTRACE_LISTEN, thread, 0, 0);
    } else {
      go_on(thread, event != 0 ? 0 : signal_number);
    }
  }

  static bool is_stopping(int number) {
    return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
  }

  /// One that was killed meanwhile is no news.
  static void go_on(pid_t thread, int signal_number) {
    ::ptrace(PTRACE_SYSCALL, thread, 0, static_cast<long>(signal_number));
  }

  void at_call(pid_t thread) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
      before(thread, info.entry.nr, reinterpret_cast<const std::uint64_t*>(info.entry.args));
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) after(thread, info.exit.rval);
  }

  void before(pid_t thread, std::uint64_t number, const std::uint64_t* arguments) {
    const crash::Call* call = crash::find_call(number);
    if (!started_ && !starts(thread, call, arguments)) return;
    std::string line = call == nullptr ? std::to_string(number) : call->name;
    if (crash::in_class(wanted_.calls, number, arguments) && ++counted_ == wanted_.number && wanted_.fault != "none") {
      if (call != nullptr) line += crash::files_of(thread, *call, arguments);
      std::fprintf(log_, "fault\t%s\n", line.c_str());
      std::fflush(log_);  // what hangs is told, too
      return spoil(thread, number, arguments);
    }
    if (!crash::in_class("change", number, arguments)) return;
    pending_[thread] = {line + crash::files_of(thread, *call, arguments), false};
  }

  bool starts(pid_t thread, const crash::Call* call, const std::uint64_t* arguments) {
    started_ =
        call != nullptr && call->number == SYS_openat && crash::files_of(thread, *call, arguments) == "\t/dev/null";
    return started_;
  }

  void spoil(pid_t thread, std::uint64_t number, const std::uint64_t* arguments) {
    if (wanted_.fault == "kill") {
      for (const pid_t other : alive_) ::kill(other, SIGKILL);
      return;
    }
    Registers registers(thread);
    if (wanted_.fault == "short") {
      registers.set_length((arguments[2] + 1) / 2);
    } else {
      if (number != SYS_close) registers.skip_call();  // a close that fails has closed all the same: close(2)
      pending_[thread] = {"", true};
    }
    registers.store();
  }

  void after(pid_t thread, std::int64_t result) {
    const auto found = pending_.find(thread);
    if (found == pending_.end()) return;
    if (found->second.is_failed) {
      Registers registers(thread);
      registers.set_result(-errno_of(wanted_.fault));
      registers.store();
    } else {
      std::fprintf(log_, "%lld\t%s\n", static_cast<long long>(result), found->second.line.c_str());
    }
    pending_.erase(found);
  }

  Wanted wanted_;
  pid_t command_;
  std::FILE* log_;
  bool started_ = false;
  long counted_ = 0;
  int exit_code_ = 125;
  std::set<pid_t> alive_;
  std::map<pid_t, Pending> pending_;
};

pid_t start(char** command) {
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::raise(SIGSTOP);
    ::execvp(command[0], command);
    fail(command[0]);
  }
  int status = 0;
  if (::waitpid(child, &status, WUNTRACED) != child) fail("waiting for the child");
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (::ptrace(PTRACE_SEIZE, child, 0, options) != 0) fail("tracing");
  ::kill(child, SIGCONT);
  return child;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("at_nth_call CLASS N FAULT LOG COMMAND...\n", stderr);
    return 125;
  }
  const Wanted wanted{argv[1], std::atol(argv[2]), argv[3]};
  if (wanted.fault != "none" && wanted.fault != "kill" && wanted.fault != "short" &&
      errno_of(wanted.fault) == kNoError) {
    std::fputs("no such fault\n", stderr);
    return 125;
  }
  std::FILE* log = std::fopen(argv[4], "we");
  if (log == nullptr) fail(argv[4]);
  const int code = Tracer(wanted, start(argv + 5), log).run();
  if (std::fclose(log) != 0) fail(argv[4]);
  return code;
}
