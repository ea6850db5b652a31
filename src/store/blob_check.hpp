#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/stream.hpp"

#include <functional>
#include <memory>

namespace mlbuild {

/// Reads everything.
BlobDigest hash_all(Source& source);
BlobDigest hash_all(const RandomAccess& file);

Error absent_blob(const BlobDigest& digest);
Error damaged_blob(const BlobDigest& digest);

/// Hints of the errors above.
extern const char* const kDamageHint;

/// Passes on. When the bytes turn out not to be the promised ones (Error{Foreign}), `on_damage` runs before the error
/// goes on with a hint; at a good end `on_end` runs.
class GuardedSource final : public Source {
 public:
  GuardedSource(std::unique_ptr<Source> inner, std::function<void()> on_damage, std::function<void()> on_end)
      : inner_(std::move(inner)), on_damage_(std::move(on_damage)), on_end_(std::move(on_end)) {}
  std::size_t read(MutableByteSpan buffer) override;

 private:
  std::unique_ptr<Source> inner_;
  std::function<void()> on_damage_, on_end_;
};

}  // namespace mlbuild
