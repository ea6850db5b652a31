#include "mlbuild/io/pipe_source.hpp"

#include "mlbuild/base/error.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kQueueBytes = std::size_t{1} << 20U;

class PipeSource final : public Source, private Sink {
 public:
  explicit PipeSource(std::function<void(Sink&)> produce) : produce_(std::move(produce)) {}
  PipeSource(const PipeSource&) = delete;
  PipeSource& operator=(const PipeSource&) = delete;
  ~PipeSource() override {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  std::size_t read(MutableByteSpan buffer) override {
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    if (taken_ == piece_.size()) {
      piece_ = next_piece();
      taken_ = 0;
    }
    const std::size_t count = std::min(buffer.size(), piece_.size() - taken_);
    std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(taken_), count, buffer.begin());
    taken_ += count;
    return count;
  }

 private:
  void write(ByteSpan bytes) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return abandoned_ || waiting_.size() < kQueueBytes; });
    if (abandoned_) throw Error(ErrorKind::Interrupted, "the reader of a stream has gone");
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    changed_.notify_all();
  }

  /// All that waits; empty at the end.
  Bytes next_piece() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (waiting_.empty() && failure_) std::rethrow_exception(failure_);
    changed_.notify_all();
    return std::exchange(waiting_, {});
  }

  void run() {
    std::exception_ptr failure;
    try {
      produce_(*this);
    } catch (...) {
      failure = std::current_exception();  // for whoever reads
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    failure_ = failure;
    changed_.notify_all();
  }

  const std::function<void(Sink&)> produce_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Bytes waiting_;
  bool ended_ = false;
  bool abandoned_ = false;
  std::exception_ptr failure_;
  Bytes piece_;
  std::size_t taken_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> pipe_from(std::function<void(Sink& out)> produce) {
  return std::make_unique<PipeSource>(std::move(produce));
}

}  // namespace mlbuild
