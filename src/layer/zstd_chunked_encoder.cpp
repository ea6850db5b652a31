// zstd:chunked, as containers/storage writes and reads it (pkg/chunked, internal/minimal/compression.go).
#include "zstd_chunked_encoder.hpp"

#include "toc.hpp"
#include "zstd_level.hpp"

#include "mlbuild/oci/lazy_annotations.hpp"
#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kPlainFrameBytes = std::size_t{1} << 20U;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;  // RFC 8878, 3.1.2
constexpr std::uint64_t kSkippableHeaderBytes = 8;
constexpr std::string_view kFooterMagic = "GNUlInUx";
constexpr std::uint64_t kManifestTypeCrfs = 1;
constexpr std::uint64_t kTarSplitLimitBytes = std::uint64_t{1} << 30U;

Bytes little_endian(std::uint64_t value, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  return bytes;
}

/// Where something is in the blob, and how long it is without compression.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t plain_size_bytes = 0;
};

Bytes footer(const Place& toc, const Place& split) {
  Bytes bytes;
  for (const std::uint64_t field : {toc.offset, toc.size_bytes, toc.plain_size_bytes, kManifestTypeCrfs, split.offset,
                                    split.size_bytes, split.plain_size_bytes}) {
    const Bytes encoded = little_endian(field, 8);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  }
  const ByteSpan magic = as_bytes(kFooterMagic);
  bytes.insert(bytes.end(), magic.begin(), magic.end());
  return bytes;
}

json entry_json(const IndexedEntry& indexed) {
  json value = toc_entry(indexed.entry);
  if (indexed.chunks.empty()) return value;
  value["size"] = indexed.entry.size_bytes;
  value["digest"] = BlobDigest(indexed.digest).to_string();
  value["endOffset"] = indexed.end_offset;
  value["offset"] = indexed.chunks.front().offset;
  if (indexed.chunks.size() > 1) value.update(toc_chunk(indexed.chunks.front()));
  return value;
}

}  // namespace

ZstdChunkedEncoder::ZstdChunkedEncoder(LayerSink& out)
    : out_(out),
      frames_(kZstdLevel),
      index_(ContentCutter::kMinBytes),
      split_frame_(kTarSplitLimitBytes),
      split_compressor_(split_frame_, kZstdLevel, 1),
      split_(split_compressor_) {}

void ZstdChunkedEncoder::flush() {
  if (waiting_.empty()) return;
  out_.bytes(frames_.frame(waiting_));
  waiting_.clear();
}

void ZstdChunkedEncoder::end_entry() {
  if (in_entry_) split_.file(index_.entries().back().entry, crc_);
  in_entry_ = false;
}

void ZstdChunkedEncoder::begin_entry(const TarEntry& entry) {
  end_entry();
  index_.begin_entry(entry);
  in_entry_ = true;
}

void ZstdChunkedEncoder::tar_bytes(ByteSpan bytes) {
  split_.segment(bytes);
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kPlainFrameBytes - waiting_.size());
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (waiting_.size() == kPlainFrameBytes) flush();
  }
}

void ZstdChunkedEncoder::begin_content() {
  flush();
  cutter_.restart();
  crc_ = 0;
  index_.begin_chunk(out_.size_bytes());
}

void ZstdChunkedEncoder::content(ByteSpan plain) {
  crc_ = crc64(crc_, plain);
  while (!plain.empty()) {
    if (cutter_.is_cut()) {
      flush();
      index_.begin_chunk(out_.size_bytes());
    }
    const ByteSpan part = plain.first(cutter_.take(plain));
    index_.content(part);
    waiting_.insert(waiting_.end(), part.begin(), part.end());
    plain = plain.subspan(part.size());
  }
}

void ZstdChunkedEncoder::end_content(const Digest& digest) {
  flush();
  index_.end_content(digest, out_.size_bytes());
  end_entry();
}

std::string ZstdChunkedEncoder::last_entry() {
  end_entry();
  return {};
}

void ZstdChunkedEncoder::skippable_frame(ByteSpan bytes) {
  out_.bytes(little_endian(kSkippableMagic, 4));
  out_.bytes(little_endian(bytes.size(), 4));
  out_.bytes(bytes);
}

// Behind the tar, which ordinary readers take for the end: the table of contents, the tar-split, and where both are.
void ZstdChunkedEncoder::finish(LayerFacts& facts) {
  flush();
  split_.finish();
  split_compressor_.finish();
  const BlobDigest split_digest(sha256(split_frame_.bytes()));
  const std::string toc = toc_text({{"version", 1},
                                    {"entries", toc_rows(index_.entries(), entry_json)},
                                    {"tarSplitDigest", split_digest.to_string()}});
  const Bytes toc_frame = frames_.frame(as_bytes(toc));
  const Place toc_place{out_.size_bytes() + kSkippableHeaderBytes, toc_frame.size(), toc.size()};
  skippable_frame(toc_frame);
  const Place split_place{out_.size_bytes() + kSkippableHeaderBytes, split_frame_.bytes().size(), split_.size_bytes()};
  skippable_frame(split_frame_.bytes());
  skippable_frame(footer(toc_place, split_place));
  facts.media_type = oci::kLayerZstdMediaType;
  facts.digest = out_.digest();
  facts.size_bytes = out_.size_bytes();
  facts.annotations = {
      {std::string(oci::annotation::kChunkedChecksum), BlobDigest(sha256(toc_frame)).to_string()},
      {std::string(oci::annotation::kChunkedPosition),
       fmt::format("{}:{}:{}:{}", toc_place.offset, toc_place.size_bytes, toc_place.plain_size_bytes,
                   kManifestTypeCrfs)},
      {std::string(oci::annotation::kChunkedTarSplit),
       fmt::format("{}:{}:{}", split_place.offset, split_place.size_bytes, split_place.plain_size_bytes)}};
}

}  // namespace mlbuild
