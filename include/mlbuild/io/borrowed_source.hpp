#pragma once

#include "mlbuild/io/stream.hpp"

namespace mlbuild {

/// Lends a source, which must outlive it, to what owns its input, so that the rest can be read afterwards.
class BorrowedSource final : public Source {
 public:
  explicit BorrowedSource(Source& lender) : lender_(lender) {}
  std::size_t read(MutableByteSpan buffer) override { return lender_.read(buffer); }

 private:
  Source& lender_;
};

}  // namespace mlbuild
