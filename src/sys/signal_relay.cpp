#include "mlbuild/sys/signal_relay.hpp"

#include "mlbuild/base/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace mlbuild {
namespace {

// A handler can reach nothing else; lock-free, so that it may.
std::atomic<int> relay_to{-1};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void relay(int number) {
  const int saved = errno;
  const char byte = static_cast<char>(number);
  if (::write(relay_to.load(), &byte, 1) < 0) errno = saved;  // a full pipe holds signals enough
  errno = saved;
}

}  // namespace

SignalRelay::SignalRelay(const std::vector<int>& signals) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw_errno(errno, "make", "pipe for signals");
  read_ = Fd(ends[0]);
  write_ = Fd(ends[1]);
  int nobody = -1;
  if (!relay_to.compare_exchange_strong(nobody, write_.get()))
    throw Error(ErrorKind::Internal, "signals are relayed to somebody already");
  struct sigaction action {};
  action.sa_handler = relay;
  action.sa_flags = SA_RESTART;
  for (const int number : signals) ::sigaction(number, &action, &before_[number]);
}

SignalRelay::~SignalRelay() {
  for (const auto& [number, action] : before_) ::sigaction(number, &action, nullptr);
  relay_to.store(-1);
}

std::vector<int> not_ignored(std::vector<int> signals) {
  std::erase_if(signals, [](int number) {
    struct sigaction present {};
    return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
  });
  return signals;
}

}  // namespace mlbuild
