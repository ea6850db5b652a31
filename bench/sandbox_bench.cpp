// What one run in the sandbox costs: set-up, a program that ends at once, tear-down. `sandbox_bench ROOT PROGRAM
// [RUNS]`, where ROOT is an unpacked tree and PROGRAM a path in it. Wall time and the CPU time of helper and payload,
// in milliseconds.
#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

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

void measure(const char* root, const char* program, std::size_t runs) {
  using Clock = std::chrono::steady_clock;
  const mlbuild::TempDir scratch;
  const auto sandbox = mlbuild::make_namespace_sandbox("/proc/self/exe", scratch.path());
  mlbuild::SandboxJob job;
  job.roots = {root};
  job.argv = {program};
  const mlbuild::Cancellation never;
  std::vector<double> wall_ms;
  for (std::size_t i = 0; i < runs; ++i) {
    const Clock::time_point start = Clock::now();
    sandbox->run(job, never);
    wall_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(wall_ms.begin(), wall_ms.end());
  std::puts(fmt::format("{} runs: wall min {:.1f} ms, median {:.1f} ms; CPU {:.1f} ms each", runs, wall_ms.front(),
                        wall_ms[runs / 2], children_cpu_ms() / static_cast<double>(runs))
                .c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  if (argc < 3) {
    std::fputs("usage: sandbox_bench ROOT PROGRAM [RUNS]\n", stderr);
    return 2;
  }
  try {
    measure(argv[1], argv[2], argc > 3 ? std::stoul(argv[3]) : 100);
    return 0;
  } catch (const mlbuild::Error& error) {
    std::fputs(fmt::format("error: {}\nhint: {}\n", error.what(), error.hint_text()).c_str(), stderr);
    return 1;
  }
}
