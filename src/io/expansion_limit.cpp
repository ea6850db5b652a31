#include "mlbuild/io/expansion_limit.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

class CountedSource final : public Source {
 public:
  explicit CountedSource(std::unique_ptr<Source> inner) : inner_(std::move(inner)) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t count = inner_->read(buffer);
    read_bytes_ += count;
    return count;
  }
  std::uint64_t read_bytes() const { return read_bytes_; }

 private:
  std::unique_ptr<Source> inner_;
  std::uint64_t read_bytes_ = 0;
};

class LimitedSource final : public Source {
 public:
  /// `compressed` is what `plain` is made from, and owns.
  LimitedSource(const CountedSource& compressed, std::unique_ptr<Source> plain, const ExpansionLimit& limit)
      : compressed_(compressed), plain_(std::move(plain)), limit_(limit) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t count = plain_->read(buffer);
    plain_bytes_ += count;
    if (plain_bytes_ > std::max(limit_.always_allowed_bytes, compressed_.read_bytes() * limit_.ratio)) {
      throw Error(ErrorKind::Foreign, fmt::format("it expands to more than {} times its size", limit_.ratio));
    }
    return count;
  }

 private:
  const CountedSource& compressed_;
  std::unique_ptr<Source> plain_;
  const ExpansionLimit limit_;
  std::uint64_t plain_bytes_ = 0;
};

using Decompress = std::unique_ptr<Source> (*)(std::unique_ptr<Source>);

std::unique_ptr<Source> limited(Decompress decompress, std::unique_ptr<Source> source, const ExpansionLimit& limit) {
  auto counted = std::make_unique<CountedSource>(std::move(source));
  const CountedSource& compressed = *counted;
  return std::make_unique<LimitedSource>(compressed, decompress(std::move(counted)), limit);
}

}  // namespace

std::unique_ptr<Source> decompress(std::unique_ptr<Source> maybe_compressed, const ExpansionLimit& limit) {
  return limited(decompress, std::move(maybe_compressed), limit);
}

std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed, const ExpansionLimit& limit) {
  return limited(gunzip, std::move(compressed), limit);
}

}  // namespace mlbuild
