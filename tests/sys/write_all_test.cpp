#include "mlbuild/sys/write_all.hpp"

#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

namespace mlbuild {
namespace {

constexpr std::size_t kMoreThanAPipeHolds = std::size_t{4} << 20U;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read;
  Fd write;
};

std::atomic<int> interruptions{0};

/// While it lives, SIGUSR1 interrupts system calls, which are not started again.
class Interrupting {
 public:
  Interrupting() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++interruptions; };
    ::sigaction(SIGUSR1, &action, &before_);
  }
  ~Interrupting() { ::sigaction(SIGUSR1, &before_, nullptr); }
  Interrupting(const Interrupting&) = delete;
  Interrupting& operator=(const Interrupting&) = delete;

 private:
  struct sigaction before_ {};
};

/// Everything up to the end, and a signal to the writer before each read.
std::string read_interrupting(const Fd& from, pthread_t writer) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (;;) {
    ::pthread_kill(writer, SIGUSR1);
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

TEST(WriteAll, WhatIsMovedInPartsAndInterruptedArrivesWhole) {
  const Interrupting interrupting;
  std::string sent(kMoreThanAPipeHolds, 'a');
  for (std::size_t at = 0; at < sent.size(); at += 997) sent[at] = static_cast<char>('b' + at % 23);
  Pipe pipe;
  std::string got;
  std::thread reader([&, writer = ::pthread_self()] { got = read_interrupting(pipe.read, writer); });
  EXPECT_TRUE(write_all(pipe.write.get(), as_bytes(sent)));
  pipe.write = Fd();
  reader.join();
  EXPECT_EQ(got, sent);
  EXPECT_GT(interruptions, 0);
}

TEST(WriteAll, WhatCannotBeWrittenIsSaidByErrno) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(write_all(full.get(), as_bytes("text")));
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_TRUE(write_all(full.get(), {}));
}

}  // namespace
}  // namespace mlbuild
