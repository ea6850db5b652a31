#include "interruptible_store.hpp"

#include "mlbuild/layer/layer.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kQueueBytes = std::size_t{1} << 20U;

/// The reader is gone: ends the recipe.
struct Abandoned {};

/// Bytes on their way from the recipe's thread to the reader's, at most kQueueBytes and one piece more.
class ByteQueue {
 public:
  void push(ByteSpan bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return abandoned_ || waiting_.size() < kQueueBytes; });
    if (abandoned_) throw Abandoned{};
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    changed_.notify_all();
  }

  void end(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

  /// The next bytes, all that wait; empty at the end.
  Bytes pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (waiting_.empty() && failure_) std::rethrow_exception(failure_);
    changed_.notify_all();
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Bytes waiting_;
  bool ended_ = false;
  bool abandoned_ = false;
  std::exception_ptr failure_;
};

class QueueLayerSink final : public LayerSink {
 public:
  explicit QueueLayerSink(ByteQueue& queue) : queue_(queue) {}
  void inline_bytes(ByteSpan bytes) override { queue_.push(bytes); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan bytes) override { queue_.push(bytes); }

 private:
  ByteQueue& queue_;
};

class RecipeSource final : public Source {
 public:
  RecipeSource(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation)
      : recipe_(recipe), store_(store, cancellation) {}
  RecipeSource(const RecipeSource&) = delete;
  RecipeSource& operator=(const RecipeSource&) = delete;
  ~RecipeSource() override {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
  }

  std::size_t read(MutableByteSpan buffer) override {
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    if (taken_ == piece_.size()) {
      piece_ = queue_.pop();
      taken_ = 0;
    }
    const std::size_t count = std::min(buffer.size(), piece_.size() - taken_);
    std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(taken_), count, buffer.begin());
    taken_ += count;
    return count;
  }

 private:
  void run() {
    try {
      QueueLayerSink sink(queue_);
      recipe_.write(store_, sink);
      queue_.end(nullptr);
    } catch (const Abandoned&) {  // nobody reads any more
    } catch (...) {
      queue_.end(std::current_exception());
    }
  }

  const LayerRecipe& recipe_;
  InterruptibleStore store_;
  ByteQueue queue_;
  Bytes piece_;
  std::size_t taken_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> stream_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation) {
  return std::make_unique<RecipeSource>(recipe, store, cancellation);
}

}  // namespace mlbuild
