#include "mlbuild/io/deflate.hpp"

#include <array>

namespace mlbuild {
namespace {

/// The bytes that were read to look at them, then the rest.
class PrefixedSource final : public Source {
 public:
  PrefixedSource(Bytes prefix, std::unique_ptr<Source> rest)
      : prefix_(std::move(prefix)), front_(prefix_), rest_(std::move(rest)) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t count = front_.read(buffer);
    return count != 0 ? count : rest_->read(buffer);
  }

 private:
  Bytes prefix_;
  SpanSource front_;
  std::unique_ptr<Source> rest_;
};

Bytes read_up_to(Source& source, std::size_t limit_bytes) {
  Bytes bytes(limit_bytes);
  std::size_t filled = 0;
  while (filled < limit_bytes) {
    const std::size_t count = source.read(MutableByteSpan(bytes).subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

std::unique_ptr<Source> decompress(std::unique_ptr<Source> maybe_compressed) {
  using namespace std::string_view_literals;
  constexpr auto kGzip = "\x1F\x8B"sv;          // RFC 1952, 2.3.1
  constexpr auto kXz = "\xFD\x37zXZ\x00"sv;     // .xz file format, 2.1.1.1
  constexpr auto kZstd = "\x28\xB5\x2F\xFD"sv;  // RFC 8878, 3.1.1
  Bytes magic = read_up_to(*maybe_compressed, kXz.size());
  const std::string start(as_text(magic));
  auto whole = std::make_unique<PrefixedSource>(std::move(magic), std::move(maybe_compressed));
  if (start.starts_with(kGzip)) return gunzip(std::move(whole));
  if (start.starts_with(kXz)) return unxz(std::move(whole));
  if (start.starts_with(kZstd)) return unzstd(std::move(whole));
  return whole;
}

}  // namespace mlbuild
