#include "mlbuild/sys/open_files.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

constexpr rlim_t kEnoughFiles = 65536;  // hard limits may be a thousand million

rlimit limit_now() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

const rlimit& limit_at_start() {
  static const rlimit limit = limit_now();
  return limit;
}

}  // namespace

void allow_many_open_files() {
  rlimit limit = limit_at_start();
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnoughFiles));
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: the usual number has to do
}

rlimit open_files_of_children() {
  rlimit limit = limit_now();
  limit.rlim_cur = std::min(limit_at_start().rlim_cur, limit.rlim_max);
  return limit;
}

}  // namespace mlbuild
