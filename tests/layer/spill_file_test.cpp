#include "../../src/layer/spill_file.hpp"

#include "io/throws.hpp"

#include "mlbuild/sys/temp_dir.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>

namespace mlbuild {
namespace {

/// While it lives, files of this process may not grow beyond.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

SpilledContent append(SpillFile& spill, const std::string& text) {
  SpanSource source(as_bytes(text));
  return spill.append(source, text.size());
}

TEST(SpillFile, ContentsAreReadInAnyOrder) {
  const TempDir directory;
  SpillFile spill(directory.path());
  const SpilledContent first = append(spill, "first");
  const SpilledContent empty = append(spill, "");
  const SpilledContent last = append(spill, std::string(300'000, 'z'));
  EXPECT_EQ(as_text(read_all(*open_spilled(last), 1'000'000)), std::string(300'000, 'z'));
  EXPECT_EQ(as_text(read_all(*open_spilled(first), 100)), "first");
  EXPECT_EQ(as_text(read_all(*open_spilled(empty), 100)), "");
}

TEST(SpillFile, WhatItCannotWriteItSaysInASentence) {
  const TempDir directory;
  SpillFile spill(directory.path());
  const FileSizeLimit limit(4096);
  test::expect_error(ErrorKind::Io, "cannot write `temporary file`", [&] { append(spill, std::string(10'000, 'a')); });
}

}  // namespace
}  // namespace mlbuild
