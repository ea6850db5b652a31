#include "segment_format.hpp"

#include <algorithm>
#include <map>

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

namespace mlbuild {
namespace {

constexpr std::string_view kMagic = "MLBVBLOB";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::uint8_t kInline = 0;
constexpr std::uint8_t kRange = 1;
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint32_t kMaxSources = 1U << 20U;

[[noreturn]] void refuse(const char* why) { throw Error(ErrorKind::Foreign, std::string("a virtual blob's file is damaged: ") + why); }

class Encoder {
 public:
  void number(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
  }
  void append(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  Bytes finish() {
    const Digest digest = sha256(bytes_);
    append(digest.bytes);
    return std::move(bytes_);
  }

 private:
  Bytes bytes_;
};

class Decoder {
 public:
  explicit Decoder(ByteSpan bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  ByteSpan take(std::uint64_t count) {
    if (count > rest_.size()) refuse("it is cut");
    const ByteSpan part = rest_.first(count);
    rest_ = rest_.subspan(count);
    return part;
  }
  std::uint64_t number(std::size_t width) {
    const ByteSpan part = take(width);
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(part[i]);
    return value;
  }
  BlobDigest digest() {
    Digest digest;
    std::ranges::copy(take(kDigestBytes), digest.bytes.begin());
    return BlobDigest(digest);
  }

 private:
  ByteSpan rest_;
};

std::map<BlobDigest, std::uint32_t> number_sources(const SegmentList& segments) {
  std::map<BlobDigest, std::uint32_t> numbers;
  for (const Segment& segment : segments) {
    if (const auto* range = std::get_if<RangeSegment>(&segment)) numbers.emplace(range->blob, 0);
  }
  std::uint32_t next = 0;
  for (auto& [digest, number] : numbers) number = next++;
  return numbers;
}

VirtualBlobHeader read_header(Decoder& in) {
  if (as_text(in.take(kMagic.size())) != kMagic) refuse("it has another magic");
  if (in.number(4) != kFormatVersion) refuse("it is of another version");
  VirtualBlobHeader header;
  header.size_bytes = in.number(8);
  const std::uint64_t count = in.number(4);
  if (count > kMaxSources) refuse("it names too many sources");
  for (std::uint64_t i = 0; i < count; ++i) header.sources.push_back(in.digest());
  return header;
}

Segment read_segment(Decoder& in, const std::vector<BlobDigest>& sources) {
  const std::uint64_t kind = in.number(1);
  if (kind == kInline) {
    const ByteSpan bytes = in.take(in.number(8));
    return InlineSegment{Bytes(bytes.begin(), bytes.end())};
  }
  if (kind != kRange) refuse("a segment is of an unknown kind");
  const std::uint64_t source = in.number(4);
  if (source >= sources.size()) refuse("a segment names an unknown source");
  RangeSegment range{sources[source], 0, 0};
  range.offset = in.number(8);
  range.length = in.number(8);
  return range;
}

}  // namespace

Bytes encode_virtual_blob(const VirtualBlob& blob) {
  const std::map<BlobDigest, std::uint32_t> numbers = number_sources(blob.segments);
  Encoder out;
  out.append(as_bytes(kMagic));
  out.number(kFormatVersion, 4);
  out.number(blob.size_bytes, 8);
  out.number(numbers.size(), 4);
  for (const auto& [digest, number] : numbers) out.append(digest.digest().bytes);
  for (const Segment& segment : blob.segments) {
    if (const auto* part = std::get_if<InlineSegment>(&segment)) {
      out.number(kInline, 1);
      out.number(part->bytes.size(), 8);
      out.append(part->bytes);
    } else {
      const auto& range = std::get<RangeSegment>(segment);
      out.number(kRange, 1);
      out.number(numbers.at(range.blob), 4);
      out.number(range.offset, 8);
      out.number(range.length, 8);
    }
  }
  return out.finish();
}

VirtualBlob decode_virtual_blob(ByteSpan bytes) {
  if (bytes.size() < kDigestBytes) refuse("it is cut");
  const ByteSpan body = bytes.first(bytes.size() - kDigestBytes);
  if (!std::ranges::equal(sha256(body).bytes, bytes.last(kDigestBytes))) refuse("its checksum differs");
  Decoder in(body);
  const VirtualBlobHeader header = read_header(in);
  VirtualBlob blob{header.size_bytes, {}};
  while (!in.at_end()) blob.segments.push_back(read_segment(in, header.sources));
  return blob;
}

std::size_t virtual_header_bytes(ByteSpan front) {
  if (front.size() < kVirtualFixedHeaderBytes) refuse("it is cut");
  Decoder in(front.subspan(kVirtualFixedHeaderBytes - 4));
  const std::uint64_t count = in.number(4);
  if (count > kMaxSources) refuse("it names too many sources");
  return kVirtualFixedHeaderBytes + kDigestBytes * count;
}

VirtualBlobHeader decode_virtual_header(ByteSpan header) {
  Decoder in(header);
  return read_header(in);
}

}  // namespace mlbuild
