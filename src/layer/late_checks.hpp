#pragma once

#include "mlbuild/store/forwarding_store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mlbuild {

/// A store whose blobs are read before they are verified: the check rides along with the hash of what is made of them,
/// which saves a pass over each. For one recipe on one thread.
class LateChecks final : public ForwardingStore {
 public:
  /// `describe`: what goes on while a blob is read, for messages.
  LateChecks(BlobStore& store, std::function<std::string(const BlobDigest&)> describe)
      : ForwardingStore(store), describe_(std::move(describe)) {}
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  BlobCheck* check_of(const BlobDigest& digest) const;  ///< nullptr: verified already

  /// Runs `body` and finishes the checks of all that it opened, also when it finds something wrong with the bytes:
  /// damage in the store must not look like a wheel that was made badly.
  void run(const std::function<void()>& body);

 private:
  void finish() const;

  const std::function<std::string(const BlobDigest&)> describe_;
  std::map<BlobDigest, std::shared_ptr<BlobCheck>> checks_;
};

}  // namespace mlbuild
