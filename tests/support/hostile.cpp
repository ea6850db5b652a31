// Operator new is replaced, so that an allocation of a size that is only claimed is seen even where the kernel would
// give the pages lazily. Sanitizers keep theirs, which compare who took a block with who gives it back.

#include "support/hostile.hpp"

#include "support/sanitized.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>

namespace {

std::atomic<std::size_t> largest_allocation{0};

}  // namespace

#if !MLBUILD_SANITIZED
void* operator new(std::size_t size) {
  std::size_t largest = largest_allocation.load(std::memory_order_relaxed);
  while (size > largest && !largest_allocation.compare_exchange_weak(largest, size, std::memory_order_relaxed)) {
  }
  if (void* memory = std::malloc(std::max<std::size_t>(size, 1))) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace mlbuild::test {
namespace {

// Of the processor; what is quadratic takes minutes.
#if MLBUILD_SANITIZED
constexpr double kMostSeconds = 60;
#else
constexpr double kMostSeconds = 10;
#endif
constexpr std::size_t kMostBytes = std::size_t{128} << 20U;  // at once, beside copies of the input

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string everything(const Error& error) {
  std::string text = error.message();
  for (const std::string& context : error.context()) text += "; " + context;
  return text;
}

}  // namespace

void expect_harmless(const HostileCase& hostile, ErrorKind kind, const std::function<void(const std::string&)>& read) {
  const std::string bytes = hostile.bytes();
  const double start = processor_seconds();
  largest_allocation = 0;
  std::string said = "nothing, it was read";
  try {
    read(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    said = everything(error);
    EXPECT_LT(said.size(), 64U * 1024) << "a refusal repeats what it refuses";
  }
  const bool is_harmless = std::string_view(hostile.word).empty();
  const std::string wanted = is_harmless ? "nothing, it was read" : hostile.word;
  EXPECT_NE(said.find(wanted), std::string::npos) << hostile.name << "\n  wanted: " << wanted << "\n  said: " << said;
  EXPECT_LT(processor_seconds() - start, kMostSeconds);
  EXPECT_LT(largest_allocation, kMostBytes + 4 * bytes.size());
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace mlbuild::test
