#pragma once

#include "mlbuild/store/forwarding_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <memory>
#include <optional>

namespace mlbuild {

/// A store whose reads ask for cancellation: recipes spend their time between two of them, and know nothing of it.
/// Store and cancellation must outlive it and all that it opened.
class InterruptibleStore final : public ForwardingStore {
 public:
  InterruptibleStore(BlobStore& store, const Cancellation& cancellation)
      : ForwardingStore(store), cancellation_(cancellation) {}
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  BlobInCheck open_in_check(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;

 private:
  const Cancellation& cancellation_;
};

}  // namespace mlbuild
