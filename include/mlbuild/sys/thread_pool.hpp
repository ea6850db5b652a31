#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace mlbuild {

/// Fixed number of worker threads. Tasks are started in the order of submit(). The first exception of a task is
/// rethrown by wait() after all running tasks have ended; tasks not yet started are then dropped.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();                            ///< drops what has not started, waits for what has
  void submit(std::function<void()> task);  ///< tasks may submit further tasks
  void wait();                              ///< until every task has ended

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Calls body(0) ... body(count - 1) on up to `threads` threads; rethrows the first exception.
void parallel_for(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& body);

}  // namespace mlbuild
