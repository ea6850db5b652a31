// Stands in for libFuzzer where it is not linked: runs the target on each file of the given folders, and on what one
// gets from it by truncation, by flipping bits and by repeating a piece thousands of times. The same inputs in each
// run, so that a failure is found again.

#include "../support/sanitized.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMaxTruncations = 256;
constexpr std::size_t kMaxFlips = 2048;
constexpr std::size_t kMaxRepetitions = 40;                       // of each length, over all files
constexpr std::array<std::size_t, 5> kPieces = {1, 2, 3, 4, 16};  // tokens and small records
constexpr std::size_t kLongInput = 32U << 10U;

/// A copy of exactly the input's size, so that address sanitizer sees each step beyond it.
void run(const std::uint8_t* data, std::size_t size) {
  const Input exact(data, data + size);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

/// Every position of a small input, evenly spread ones of a large input.
template <class Body>
void for_positions(std::size_t count, std::size_t limit, const Body& body) {
  const std::size_t taken = std::min(count, limit);
  for (std::size_t i = 0; i < taken; ++i) body(i * count / taken);
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

/// A piece of an input.
struct Piece {
  const Input* of;
  std::ptrdiff_t at, length;
  Input bytes() const { return Input(of->begin() + at, of->begin() + at + length); }
};

/// Each only once. What opens, closes or parts something is no letter.
std::vector<Piece> pieces_of(const std::vector<Input>& inputs, std::size_t length) {
  std::vector<Piece> pieces;
  std::set<Input> seen;
  for (const Input& input : inputs) {
    for (std::size_t at = 0; at + length <= input.size(); ++at) {
      const Piece piece{&input, static_cast<std::ptrdiff_t>(at), static_cast<std::ptrdiff_t>(length)};
      if (std::isalnum(input[at]) == 0 && seen.insert(piece.bytes()).second) pieces.push_back(piece);
    }
  }
  return pieces;
}

/// Lists without end, nesting without end, and what grows faster than its input.
void run_repeated(const Piece& piece) {
  const Input bytes = piece.bytes();
  Input longer(piece.of->begin(), piece.of->begin() + piece.at);
  while (longer.size() < kLongInput) longer.insert(longer.end(), bytes.begin(), bytes.end());
  longer.insert(longer.end(), piece.of->begin() + piece.at, piece.of->end());
  run(longer.data(), longer.size());
}

std::size_t replay_repetitions(const std::vector<Input>& inputs) {
  std::size_t runs = 0;
  for (const std::size_t length : kPieces) {
    const std::vector<Piece> pieces = pieces_of(inputs, length);
    for_positions(pieces.size(), kMaxRepetitions, [&](std::size_t i) {
      run_repeated(pieces[i]);
      ++runs;
    });
  }
  return runs;
}

Input read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(in), {});
}

/// What recurses for each two or three bytes of a long input needs more. Sanitizers' frames are larger by themselves.
void limit_stack() {
#if !MLBUILD_SANITIZED
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  stack.rlim_cur = std::min<rlim_t>(stack.rlim_cur, 2U << 20U);
  setrlimit(RLIMIT_STACK, &stack);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  limit_stack();
  std::set<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.insert(entry.path());
  }
  std::vector<Input> inputs;
  for (const auto& file : files) inputs.push_back(read_file(file));
  std::size_t runs = replay_repetitions(inputs);
  for (const Input& input : inputs) runs += replay(input);
  std::printf("%zu files, %zu inputs\n", inputs.size(), runs);
  return inputs.empty() ? 1 : 0;  // an empty corpus proves nothing
}
