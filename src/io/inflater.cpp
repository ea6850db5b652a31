#include "raw_inflate.hpp"

#include "mlbuild/io/deflate.hpp"

namespace mlbuild {
namespace {

// ISA-L keeps 64 KiB of history of its own and copies it around at each call: a larger buffer makes that cost vanish.
constexpr std::size_t kInflateBufferBytes = std::size_t{256} * 1024;

}  // namespace

struct Inflater::State {
  RawInflate stream;
  std::unique_ptr<std::byte[]> buffer{new std::byte[kInflateBufferBytes]};  // no zeros needed
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::reset() { state_->stream.reset(); }

bool Inflater::done() const { return state_->stream.done(); }

std::size_t Inflater::write(ByteSpan input, Sink& out) {
  const MutableByteSpan buffer(state_->buffer.get(), kInflateBufferBytes);
  std::size_t consumed = 0;
  while (!done()) {
    const RawInflate::Step step = state_->stream.step(input.subspan(consumed), buffer);
    consumed += step.consumed;
    if (step.produced != 0) out.write(buffer.first(step.produced));
    const bool needs_input = consumed == input.size() && step.produced < buffer.size();
    if (needs_input) break;
  }
  return consumed;
}

}  // namespace mlbuild
