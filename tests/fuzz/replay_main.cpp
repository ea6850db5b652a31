// Stands in for libFuzzer where it is not linked: runs the target on each file of the given folders, and on what one
// gets from it by truncation and by flipping bits. The same inputs in each run, so that a failure is found again.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMaxTruncations = 256;
constexpr std::size_t kMaxFlips = 2048;

/// A copy of exactly the input's size, so that address sanitizer sees each step beyond it.
void run(const std::uint8_t* data, std::size_t size) {
  const Input exact(data, data + size);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

/// Every position of a small input, evenly spread ones of a large input.
template <class Body>
void for_positions(std::size_t count, std::size_t limit, const Body& body) {
  const std::size_t step = std::max<std::size_t>(1, (count + limit - 1) / limit);
  for (std::size_t position = 0; position < count; position += step) body(position);
}

std::size_t replay(Input input) {
  std::size_t runs = 1;
  run(input.data(), input.size());
  for_positions(input.size(), kMaxTruncations, [&](std::size_t size) {
    run(input.data(), size);
    ++runs;
  });
  for_positions(8 * input.size(), kMaxFlips, [&](std::size_t bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    input[bit / 8] ^= mask;
    run(input.data(), input.size());
    input[bit / 8] ^= mask;
    ++runs;
  });
  return runs;
}

Input read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  std::size_t runs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      ++files;
      runs += replay(read_file(entry.path()));
    }
  }
  std::printf("%zu files, %zu inputs\n", files, runs);
  return files == 0 ? 1 : 0;  // an empty corpus proves nothing
}
