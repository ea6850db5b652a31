// What one run in the sandbox costs: set-up, a program that ends at once, tear-down; and beside it, one after the other
// in the same loop, what bwrap (bubblewrap) takes for the like. `sandbox_bench ROOT PROGRAM [RUNS [HELPER]]`, where
// ROOT is an unpacked tree, PROGRAM a path in it, HELPER the sandbox's helper program (without it this one). Prints
// JSON: wall and CPU time in milliseconds.
#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

double children_cpu_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// Times of one contender.
class Series {
 public:
  template <class Run>
  void time(Run&& run) {
    using Clock = std::chrono::steady_clock;
    const double cpu_before = children_cpu_ms();
    const Clock::time_point start = Clock::now();
    run();
    wall_ms_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    cpu_ms_ += children_cpu_ms() - cpu_before;
  }
  nlohmann::json result() {
    std::sort(wall_ms_.begin(), wall_ms_.end());
    const std::size_t count = wall_ms_.size();
    return {{"wall_min_ms", wall_ms_.front()},
            {"wall_median_ms", wall_ms_[count / 2]},
            {"wall_p90_ms", wall_ms_[count * 9 / 10]},
            {"cpu_mean_ms", cpu_ms_ / static_cast<double>(count)}};
  }

 private:
  std::vector<double> wall_ms_;
  double cpu_ms_ = 0;
};

/// All namespaces, a writable root over the tree as bwrap 0.8 can have one (it knows no overlay), /proc, /dev, /tmp.
bool run_bwrap(const char* root, const char* program) {
  std::vector<std::string> words = {
      "bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--bind", root, "/", "--proc",
      "/proc", "--dev",         "/dev",           "--tmpfs",           "/tmp",          program};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  if (::posix_spawnp(&process, "bwrap", nullptr, nullptr, arguments.data(), environ) != 0) return false;
  int status = 0;
  return ::waitpid(process, &status, 0) == process && status == 0;
}

void measure(const char* root, const char* program, std::size_t runs, const std::string& helper) {
  const mlbuild::TempDir scratch;
  const auto sandbox = mlbuild::make_namespace_sandbox(helper, scratch.path());
  mlbuild::SandboxJob job;
  job.roots = {root};
  job.argv = {program};
  const mlbuild::Cancellation never;
  const bool has_bwrap = run_bwrap(root, program);
  Series ours;
  Series bwrap;
  const std::string level{mlbuild::to_string(sandbox->level())};
  for (std::size_t i = 0; i < runs; ++i) {
    ours.time([&] { sandbox->run(job, never); });
    if (has_bwrap) bwrap.time([&] { run_bwrap(root, program); });
  }
  nlohmann::json report{{"runs", runs}, {"level", level}, {"mlbuild", ours.result()}};
  if (has_bwrap) report["bwrap"] = bwrap.result();
  std::puts(report.dump(2).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  if (argc < 3) {
    std::fputs("usage: sandbox_bench ROOT PROGRAM [RUNS [HELPER]]\n", stderr);
    return 2;
  }
  try {
    measure(argv[1], argv[2], argc > 3 ? std::stoul(argv[3]) : 100, argc > 4 ? argv[4] : "/proc/self/exe");
    return 0;
  } catch (const mlbuild::Error& error) {
    std::fputs(fmt::format("error: {}\nhint: {}\n", error.what(), error.hint_text()).c_str(), stderr);
    return 1;
  }
}
