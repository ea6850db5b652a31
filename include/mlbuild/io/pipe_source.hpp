#pragma once

#include "mlbuild/io/stream.hpp"

#include <functional>
#include <memory>

namespace mlbuild {

/// Turns what pushes bytes into a stream that is pulled, through a thread of its own and a bounded queue. `produce`
/// runs at the first read; what it throws, read() throws. Its sink throws when the reader has gone.
std::unique_ptr<Source> pipe_from(std::function<void(Sink& out)> produce);

}  // namespace mlbuild
