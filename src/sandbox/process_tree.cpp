#include "process_tree.hpp"

#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr useconds_t kPauseMicroseconds = 500;

void send_to_descendants(const std::vector<pid_t>& tree, int signal_number) {
  for (std::size_t i = 1; i < tree.size(); ++i) ::kill(tree[i], signal_number);
}

}  // namespace

std::vector<pid_t> tree_of(pid_t process) {
  std::vector<pid_t> found{process};
  for (std::size_t next = 0; next < found.size(); ++next) {
    std::error_code error;
    fs::directory_iterator thread(fmt::format("/proc/{}/task", found[next]), error);
    for (const fs::directory_iterator end; !error && thread != end; thread.increment(error)) {
      std::ifstream children(thread->path() / "children");  // processes end while we look: then it is empty
      for (pid_t child = 0; children >> child;) found.push_back(child);
    }
  }
  return found;
}

void end_descendants() {
  for (;;) {
    std::vector<pid_t> tree = tree_of(::getpid());
    for (std::size_t before = 0; before != tree.size(); tree = tree_of(::getpid())) {
      before = tree.size();
      send_to_descendants(tree, SIGSTOP);
    }
    send_to_descendants(tree, SIGKILL);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (tree.size() == 1) return;
    ::usleep(kPauseMicroseconds);
  }
}

}  // namespace mlbuild
