#include "interruptible_store.hpp"

#include <utility>

namespace mlbuild {
namespace {

class InterruptibleFile final : public RandomAccess {
 public:
  InterruptibleFile(std::unique_ptr<RandomAccess> file, const Cancellation& cancellation)
      : file_(std::move(file)), cancellation_(cancellation) {}
  std::uint64_t size_bytes() const override { return file_->size_bytes(); }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override {
    cancellation_.check();
    file_->read_at(offset, buffer);
  }

 private:
  std::unique_ptr<RandomAccess> file_;
  const Cancellation& cancellation_;
};

class InterruptibleSource final : public Source {
 public:
  InterruptibleSource(std::unique_ptr<Source> source, const Cancellation& cancellation)
      : source_(std::move(source)), cancellation_(cancellation) {}
  std::size_t read(MutableByteSpan buffer) override {
    cancellation_.check();
    return source_->read(buffer);
  }

 private:
  std::unique_ptr<Source> source_;
  const Cancellation& cancellation_;
};

}  // namespace

std::unique_ptr<RandomAccess> InterruptibleStore::open(const BlobDigest& digest) {
  return std::make_unique<InterruptibleFile>(inner().open(digest), cancellation_);
}

BlobInCheck InterruptibleStore::open_in_check(const BlobDigest& digest) {
  BlobInCheck blob = inner().open_in_check(digest);
  return {std::make_unique<InterruptibleFile>(std::move(blob.file), cancellation_), std::move(blob.check)};
}

std::unique_ptr<Source> InterruptibleStore::stream(const BlobDigest& digest) {
  return std::make_unique<InterruptibleSource>(inner().stream(digest), cancellation_);
}

}  // namespace mlbuild
