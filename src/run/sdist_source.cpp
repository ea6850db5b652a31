#include "sdist_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPlainLimitBytes = std::uint64_t{2} << 30U;
constexpr std::uint64_t kRatioLimit = 100;

/// Passes bytes on and stops at a limit.
class LimitedSource final : public Source {
 public:
  LimitedSource(std::unique_ptr<Source> inner, std::uint64_t limit_bytes)
      : inner_(std::move(inner)), left_(limit_bytes) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t got = inner_->read(buffer);
    if (got > left_)
      throw Error(ErrorKind::Foreign, "the source distribution unpacks to far more than its size allows");
    left_ -= got;
    return got;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::uint64_t left_;
};

}  // namespace

std::string unpack_sdist(std::unique_ptr<Source> sdist, std::uint64_t size_bytes, const fs::path& directory,
                         const Cancellation& cancellation) {
  const std::uint64_t limit_bytes = std::max(kPlainLimitBytes, size_bytes * kRatioLimit);
  LimitedSource tar(gunzip(std::move(sdist)), limit_bytes);
  unpack_tar(tar, directory, cancellation);
  std::vector<fs::directory_entry> tops;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) tops.push_back(entry);
  if (tops.size() != 1 || !tops.front().is_directory() || tops.front().is_symlink()) {
    throw Error(
        ErrorKind::Foreign,
        fmt::format("the source distribution has {} entries at its top; one directory is expected", tops.size()));
  }
  return tops.front().path().filename().string();
}

}  // namespace mlbuild
