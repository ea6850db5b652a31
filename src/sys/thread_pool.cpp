#include "mlbuild/sys/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace mlbuild {

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable idle;
  std::deque<std::function<void()>> queue;
  std::exception_ptr failure;
  std::size_t running = 0;
  bool ending = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      work_or_end.wait(lock, [&] { return ending || !queue.empty(); });
      if (ending) return;
      run_one(lock);
    }
  }

  void run_one(std::unique_lock<std::mutex>& lock) {
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    ++running;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();  // rethrown by wait()
    }
    task = nullptr;  // what it captured is released outside the lock, and before wait() returns
    lock.lock();
    --running;
    if (thrown) {
      if (!failure) failure = thrown;
      queue.clear();
    }
    if (running == 0 && queue.empty()) idle.notify_all();
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
      queue.clear();
    }
    work_or_end.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  try {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, threads); ++i) {
      state_->threads.emplace_back([state = state_.get()] { state->work(); });
    }
  } catch (...) {  // the system refuses another thread: those that run must end before the exception goes on
    state_->end();
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->end(); }

void ThreadPool::submit(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->failure || state_->ending) return;  // dropped, like all that had not started
    state_->queue.push_back(std::move(task));
  }
  state_->work_or_end.notify_one();
}

void ThreadPool::wait() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [&] { return state_->running == 0 && state_->queue.empty(); });
  if (state_->failure) std::rethrow_exception(std::exchange(state_->failure, nullptr));
}

void parallel_for(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& body) {
  threads = std::min(std::max<std::size_t>(1, threads), count);
  if (threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  ThreadPool pool(threads);
  for (std::size_t t = 0; t < threads; ++t) {
    pool.submit([&] {
      try {
        for (std::size_t i = next++; i < count; i = next++) body(i);
      } catch (...) {
        next = count;  // the other threads stop after what they are doing
        throw;
      }
    });
  }
  pool.wait();
}

}  // namespace mlbuild
