#pragma once

#include <functional>
#include <string_view>

#include "mlbuild/io/stream.hpp"
#include "mlbuild/publish/sink.hpp"

namespace mlbuild {

/// Passes bytes on, tells how many, and stops when the user asked to.
class ReportingSink final : public Sink {
 public:
  ReportingSink(Sink& next, const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation)
      : next_(next), on_bytes_(on_bytes), cancellation_(cancellation) {}
  void write(ByteSpan bytes) override {
    cancellation_.check();
    next_.write(bytes);
    on_bytes_(bytes.size());
  }

 private:
  Sink& next_;
  const std::function<void(std::uint64_t)>& on_bytes_;
  const Cancellation& cancellation_;
};

}  // namespace mlbuild
