#include "mlbuild/sys/thread_pool.hpp"

#include "io/throws.hpp"

#include "mlbuild/sys/cancel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mlbuild {
namespace {

using namespace std::chrono_literals;

TEST(Cancellation, ThrowsOnlyWhenItWasRequested) {
  Cancellation cancellation;
  cancellation.check();
  cancellation.request();
  EXPECT_TRUE(cancellation.requested());
  test::expect_error(ErrorKind::Interrupted, "interrupted", [&] { cancellation.check(); });
}

TEST(ThreadPool, RunsEveryTaskIncludingThoseThatTasksSubmit) {
  std::atomic<int> count{0};
  ThreadPool pool(3);
  for (int i = 0; i < 100; ++i) {
    pool.submit([&] {
      ++count;
      pool.submit([&] { ++count; });
    });
  }
  pool.wait();
  EXPECT_EQ(count, 200);
}

TEST(ThreadPool, StartsTasksInOrder) {
  std::vector<int> order;
  ThreadPool pool(1);
  for (int i = 0; i < 50; ++i) pool.submit([&order, i] { order.push_back(i); });
  pool.wait();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 50U);
}

TEST(ThreadPool, RethrowsTheFirstFailureAfterDroppingTheRest) {
  std::atomic<int> later{0};
  ThreadPool pool(1);
  pool.submit([] { throw std::runtime_error("first"); });
  for (int i = 0; i < 10; ++i) {
    pool.submit([&] { ++later; });
  }
  EXPECT_THROW(pool.wait(), std::runtime_error);
  EXPECT_EQ(later, 0);
  pool.submit([&] { ++later; });  // usable again
  pool.wait();
  EXPECT_EQ(later, 1);
}

TEST(ThreadPool, TheDestructorDropsWhatHasNotStarted) {
  std::atomic<int> count{0};
  {
    ThreadPool pool(1);
    pool.submit([&] {
      ++count;
      std::this_thread::sleep_for(50ms);
    });
    while (count == 0) std::this_thread::yield();
    for (int i = 0; i < 10; ++i) {
      pool.submit([&] { ++count; });
    }
  }
  EXPECT_EQ(count, 1);
}

TEST(ParallelFor, CallsEachIndexOnce) {
  for (const std::size_t threads : {0U, 1U, 4U, 100U}) {
    std::vector<std::atomic<int>> calls(57);
    parallel_for(threads, calls.size(), [&](std::size_t i) { ++calls[i]; });
    for (const auto& call : calls) EXPECT_EQ(call, 1);
  }
  parallel_for(4, 0, [](std::size_t) { FAIL(); });
}

TEST(ParallelFor, RethrowsAndStopsEarly) {
  std::atomic<int> calls{0};
  EXPECT_THROW(parallel_for(2, 100'000,
                            [&](std::size_t) {
                              ++calls;
                              throw std::runtime_error("stop");
                            }),
               std::runtime_error);
  EXPECT_LE(calls, 2);
}

}  // namespace
}  // namespace mlbuild
