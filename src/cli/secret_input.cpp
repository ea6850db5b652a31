#include "secret_input.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/file.hpp"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace mlbuild::cli {
namespace {

constexpr std::size_t kLimitBytes = 64U << 10U;  // keys of service accounts have some 2 KiB

/// No echo while it lives.
class HiddenTyping {
 public:
  HiddenTyping() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) throw_errno(errno, "ask", "the terminal");
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0) throw_errno(errno, "silence", "the terminal");
  }
  ~HiddenTyping() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputc('\n', stderr);  // the typed one was hidden, too
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  termios before_{};
};

/// Up to the end of the line or of the input.
std::string read_stdin(bool one_line, const Cancellation& cancellation) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (!one_line || text.find('\n') == std::string::npos) {
    cancellation.check();
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read", "standard input");
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLimitBytes) throw Error(ErrorKind::Usage, "standard input is too long for a password");
  }
  if (one_line) text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

std::string ask_at_terminal(const std::string& question, bool secret, const Cancellation& cancellation) {
  std::fputs(question.c_str(), stderr);
  std::fflush(stderr);
  if (!secret) return read_stdin(true, cancellation);
  const HiddenTyping hidden;
  return read_stdin(true, cancellation);
}

std::string read_secret_from_stdin(const Cancellation& cancellation) { return read_stdin(false, cancellation); }

}  // namespace mlbuild::cli
