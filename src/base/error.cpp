#include "mlbuild/base/error.hpp"

namespace mlbuild {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Spec:
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::Step:
    case ErrorKind::Foreign:
    case ErrorKind::Io:
      return 1;
    case ErrorKind::Network:
      return 3;
    case ErrorKind::Gate:
      return 4;
    case ErrorKind::Interrupted:
      return 130;
    case ErrorKind::Internal:
      break;
  }
  return 70;
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

Error& Error::at(Location location) {
  if (!location_.known()) location_ = std::move(location);
  return *this;
}

Error& Error::hint(std::string way_out) {
  if (hint_.empty()) hint_ = std::move(way_out);
  return *this;
}

Error& Error::while_doing(std::string activity) {
  context_.push_back(std::move(activity));
  return *this;
}

Error& Error::also(Error other) {
  others_.push_back(std::move(other));
  return *this;
}

void Diagnostics::throw_if_any() const {
  if (errors_.empty()) return;
  Error all = errors_.front();
  for (std::size_t i = 1; i < errors_.size(); ++i) all.also(errors_[i]);
  throw all;
}

}  // namespace mlbuild
