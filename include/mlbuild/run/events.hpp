#pragma once

#include "mlbuild/plan/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace mlbuild {

/// What happens during a build, as data; the report module makes text, bars or JSON of it.
struct ActivityStarted {
  std::string text;  ///< "resolving 7 requirements"
};
struct WorkKnown {
  std::uint64_t fetch_bytes = 0;  ///< to download
  std::uint64_t layer_bytes = 0;  ///< input bytes of the layers to make
};
struct BytesFetched {
  std::uint64_t bytes = 0;  ///< further bytes received
};
struct StepStarted {
  std::string id;
  std::string label;
};
struct StepFinished {
  std::string id;
  std::string label;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  double seconds = 0;
  double cpu_seconds = 0;  ///< of the thread that did it; programs in the sandbox are children and not in it
};
struct InputFetched {
  std::string label;  ///< "numpy 1.26.4"
  std::uint64_t bytes = 0;
  double seconds = 0;
};
/// At the end of a build: Debian packages that were decoded for it, each once.
struct DebsUnpacked {
  std::size_t count = 0;
};
struct PublishStarted {
  std::string where;
  std::uint64_t bytes = 0;       ///< at most
  std::string verb = "writing";  ///< or "reading", of what is only looked at
};
struct BytesPublished {
  std::uint64_t bytes = 0;
};
struct WarningRaised {
  std::string text;
};
using Event = std::variant<ActivityStarted, WorkKnown, BytesFetched, StepStarted, StepFinished, InputFetched,
                           DebsUnpacked, PublishStarted, BytesPublished, WarningRaised>;

/// Receives events from any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on(const Event& event) = 0;
};

}  // namespace mlbuild
