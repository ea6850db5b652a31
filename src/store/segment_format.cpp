#include "segment_format.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

namespace mlbuild {
namespace {

constexpr std::string_view kMagic = "MLBVBLOB";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::uint8_t kInline = 0;
constexpr std::uint8_t kRange = 1;
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint64_t kMaxSources = 1U << 16U;

[[noreturn]] void refuse(const char* why) {
  throw Error(ErrorKind::Foreign, std::string("a virtual blob's file is damaged: ") + why);
}

class Encoder {
 public:
  void number(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
  }
  void append(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void append_checksum() { append(sha256(bytes_).bytes); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class Decoder {
 public:
  explicit Decoder(ByteSpan bytes) : all_(bytes), rest_(bytes) {}
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
  Digest digest() {
    Digest digest;
    std::ranges::copy(take(kDigestBytes), digest.bytes.begin());
    return digest;
  }
  /// Reads a checksum and compares it with that of all bytes before it.
  void checksum() {
    const Digest found = sha256(all_.first(all_.size() - rest_.size()));
    if (digest() != found) refuse("its checksum differs");
  }

 private:
  ByteSpan all_, rest_;
};

using SourceNumbers = std::map<BlobDigest, std::uint32_t>;

SourceNumbers number_sources(const SegmentList& segments) {
  SourceNumbers numbers;
  for (const Segment& segment : segments) {
    if (const auto* range = std::get_if<RangeSegment>(&segment)) numbers.emplace(range->blob, 0);
  }
  std::uint32_t next = 0;
  for (auto& [digest, number] : numbers) number = next++;
  return numbers;
}

std::uint64_t length_of(const Segment& segment) {
  if (const auto* part = std::get_if<InlineSegment>(&segment)) return part->bytes.size();
  return std::get<RangeSegment>(segment).length;
}

/// Whether the segments make exactly size_bytes; hostile lengths cannot overflow it.
bool adds_up(const VirtualBlob& blob) {
  std::uint64_t rest = blob.size_bytes;
  for (const Segment& segment : blob.segments) {
    if (length_of(segment) > rest) return false;
    rest -= length_of(segment);
  }
  return rest == 0;
}

void encode_header(const VirtualBlob& blob, const SourceNumbers& sources, Encoder& out) {
  out.append(as_bytes(kMagic));
  out.number(kFormatVersion, 4);
  out.number(blob.size_bytes, 8);
  out.number(sources.size(), 4);
  for (const auto& [digest, number] : sources) out.append(digest.digest().bytes);
  out.append_checksum();
}

void encode_segment(const Segment& segment, const SourceNumbers& sources, Encoder& out) {
  if (const auto* part = std::get_if<InlineSegment>(&segment)) {
    out.number(kInline, 1);
    out.number(part->bytes.size(), 8);
    out.append(part->bytes);
    return;
  }
  const auto& range = std::get<RangeSegment>(segment);
  out.number(kRange, 1);
  out.number(sources.at(range.blob), 4);
  out.number(range.offset, 8);
  out.number(range.length, 8);
}

VirtualBlobHeader read_header(Decoder& in) {
  if (as_text(in.take(kMagic.size())) != kMagic) refuse("it has another magic");
  if (in.number(4) != kFormatVersion) refuse("it is of another version");
  VirtualBlobHeader header;
  header.size_bytes = in.number(8);
  const std::uint64_t count = in.number(4);
  if (count > kMaxSources) refuse("it names too many sources");
  for (std::uint64_t i = 0; i < count; ++i) header.sources.emplace_back(in.digest());
  in.checksum();
  const bool ascending = std::ranges::adjacent_find(header.sources, std::greater_equal<>()) == header.sources.end();
  if (!ascending) refuse("its sources are out of order");
  return header;
}

/// `used` learns which sources are named.
Segment read_segment(Decoder& in, const std::vector<BlobDigest>& sources, std::vector<bool>& used) {
  const std::uint64_t kind = in.number(1);
  if (kind == kInline) {
    const ByteSpan bytes = in.take(in.number(8));
    return InlineSegment{Bytes(bytes.begin(), bytes.end())};
  }
  if (kind != kRange) refuse("a segment is of an unknown kind");
  const std::uint64_t source = in.number(4);
  if (source >= sources.size()) refuse("a segment names an unknown source");
  used[source] = true;
  RangeSegment range{sources[source], in.number(8), 0};
  range.length = in.number(8);
  if (range.length > std::numeric_limits<std::uint64_t>::max() - range.offset) refuse("a segment is absurdly long");
  return range;
}

}  // namespace

std::vector<BlobDigest> sources_of(const SegmentList& segments) {
  std::vector<BlobDigest> sources;
  for (const auto& [digest, number] : number_sources(segments)) sources.push_back(digest);
  return sources;
}

Bytes encode_virtual_blob(const VirtualBlob& blob) {
  if (!adds_up(blob)) throw Error(ErrorKind::Internal, "segments do not add up to the size of their virtual blob");
  const SourceNumbers sources = number_sources(blob.segments);
  if (sources.size() > kMaxSources) throw Error(ErrorKind::Internal, "a virtual blob has too many sources");
  Encoder out;
  encode_header(blob, sources, out);
  for (const Segment& segment : blob.segments) encode_segment(segment, sources, out);
  out.append_checksum();
  return out.take();
}

VirtualBlob decode_virtual_blob(ByteSpan bytes) {
  if (bytes.size() < kDigestBytes) refuse("it is cut");
  const ByteSpan body = bytes.first(bytes.size() - kDigestBytes);
  if (!std::ranges::equal(sha256(body).bytes, bytes.last(kDigestBytes))) refuse("its checksum differs");
  Decoder in(body);
  const VirtualBlobHeader header = read_header(in);
  VirtualBlob blob{header.size_bytes, {}};
  std::vector<bool> used(header.sources.size());
  while (!in.at_end()) blob.segments.push_back(read_segment(in, header.sources, used));
  if (std::ranges::find(used, false) != used.end()) refuse("it names a source that no segment needs");
  if (!adds_up(blob)) refuse("its segments do not add up to its size");
  return blob;
}

std::size_t virtual_header_bytes(ByteSpan front) {
  if (front.size() < kVirtualFixedHeaderBytes) refuse("it is cut");
  Decoder in(front.subspan(kVirtualFixedHeaderBytes - 4));
  const std::uint64_t count = in.number(4);
  if (count > kMaxSources) refuse("it names too many sources");
  return kVirtualFixedHeaderBytes + kDigestBytes * (count + 1);
}

VirtualBlobHeader decode_virtual_header(ByteSpan header) {
  Decoder in(header);
  return read_header(in);
}

}  // namespace mlbuild
