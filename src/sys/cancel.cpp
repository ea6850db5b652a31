#include "mlbuild/sys/cancel.hpp"

#include "mlbuild/base/error.hpp"

namespace mlbuild {

void Cancellation::check() const {
  if (requested()) throw Error(ErrorKind::Interrupted, "interrupted");
}

}  // namespace mlbuild
