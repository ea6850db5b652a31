#pragma once

#include "boost_process.hpp"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace mlbuild {

/// What happens in the child between fork and exec, as an initialiser of Boost.Process v2. Only async-signal-safe
/// calls.
struct ChildSetup {
  std::string working_directory;  ///< empty: the parent's
  rlimit open_files{};

  template <class Launcher>
  boost::system::error_code on_exec_setup(Launcher&, const boost::filesystem::path&, const char* const*) const {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (::setpgid(0, 0) != 0) return last_error();
    if (::setrlimit(RLIMIT_NOFILE, &open_files) != 0) return last_error();
    if (!working_directory.empty() && ::chdir(working_directory.c_str()) != 0) return last_error();
    // The launcher of Boost 1.81 closes only what lies above its own error pipe: its loop over the gaps compares an
    // element with itself. Marked close-on-exec instead of closed, since that pipe is still needed.
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return last_error();
    return {};
  }

  /// Called when exec failed. The launcher would go on with exit(), which runs the parent's atexit handlers and flushes
  /// its streams a second time. Takes anything: 1.81 checks for one signature and calls another.
  template <class... Anything>
  void on_exec_error(Anything&&...) const {
    ::_exit(127);
  }

 private:
  static boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }
};

}  // namespace mlbuild
