// What reading layers costs at least: each is gunzipped once, to nowhere, by one thread.

#include "mlbuild/io/deflate.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fmt/format.h>

#include <ctime>
#include <exception>
#include <iostream>

namespace mlbuild {
namespace {

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void run(int layer_count, char** layers) {
  std::uint64_t plain_bytes = 0;
  const double begin = cpu_seconds();
  for (int i = 0; i < layer_count; ++i) {
    const std::unique_ptr<Source> plain = decompress(std::make_unique<FileSource>(layers[i]));
    NullSink nowhere;
    plain_bytes += copy(*plain, nowhere);
  }
  fmt::print("{{\"layers\":{},\"plainBytes\":{},\"cpuSeconds\":{:.3f}}}\n", layer_count, plain_bytes,
             cpu_seconds() - begin);
}

}  // namespace
}  // namespace mlbuild

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: inflate_bench LAYER...\n";
    return 2;
  }
  try {
    mlbuild::run(argc - 1, argv + 1);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
