// eStargz: Standard-Compatible Extension to Container Image Layers for Lazy Pulling (stargz-snapshotter,
// docs/estargz.md).
#include "estargz_encoder.hpp"

#include "toc.hpp"

#include "mlbuild/oci/estargz.hpp"
#include "mlbuild/oci/lazy_annotations.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

json entry_json(const IndexedEntry& indexed) {
  const TarEntry& entry = indexed.entry;
  json value = toc_entry(entry);
  if (entry.type != TarType::File) return value;
  value["digest"] = BlobDigest(indexed.chunks.empty() ? sha256(ByteSpan()) : indexed.digest).to_string();
  if (indexed.chunks.empty()) return value;
  value["size"] = entry.size_bytes;
  value.update(toc_chunk(indexed.chunks.front()));
  if (indexed.chunks.size() == 1) value.erase("chunkSize");
  return value;
}

/// An empty member whose extra field tells where the table of contents is ("Footer"): 51 bytes.
std::string footer(std::uint64_t toc_offset) {
  using namespace std::string_view_literals;
  constexpr std::string_view kHeader = "\x1F\x8B\x08\x04\0\0\0\0\0\xFF"sv;  // RFC 1952, 2.3: with FEXTRA
  constexpr std::string_view kExtra = "\x1A\0SG\x16\0"sv;                   // 26 bytes: one subfield of 22
  constexpr std::string_view kEmptyStream = "\x01\0\0\xFF\xFF"sv;           // RFC 1951, 3.2.4: stored, final, no bytes
  constexpr std::string_view kTrailer = "\0\0\0\0\0\0\0\0"sv;
  return fmt::format("{}{}{:016x}STARGZ{}{}", kHeader, kExtra, toc_offset, kEmptyStream, kTrailer);
}

}  // namespace

// What to fetch ahead is not known here: nothing.
std::string EstargzEncoder::first_file() const { return std::string(oci::kEstargzNoPrefetch); }

bool EstargzEncoder::reserves(const std::string& path) const { return oci::is_estargz_file(path); }

void EstargzEncoder::begin_entry(const TarEntry& entry) { index_.begin_entry(entry); }

void EstargzEncoder::begin_chunk() {
  flush();
  index_.begin_chunk(out().size_bytes());
}

void EstargzEncoder::begin_content() { begin_chunk(); }

void EstargzEncoder::content(ByteSpan plain) {
  while (!plain.empty()) {
    if (index_.chunk_bytes() == kChunkBytes) begin_chunk();
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(plain.size(), kChunkBytes - index_.chunk_bytes()));
    index_.content(plain.first(part));
    append(plain.first(part));
    plain = plain.subspan(part);
  }
}

// The padding and what follows may stay in the last chunk's member: readers take as many bytes as the chunk has.
void EstargzEncoder::end_content(const Digest& digest) { index_.end_content(digest, out().size_bytes()); }

std::string EstargzEncoder::last_entry() {
  begin_last_member();
  toc_offset_ = out().size_bytes();
  const std::string toc = toc_text({{"version", 1}, {"entries", toc_rows(index_.entries(), entry_json)}});
  toc_digest_ = BlobDigest(sha256(toc));
  TarEntry entry;
  entry.path = oci::kEstargzToc;
  entry.mode = 0444;
  entry.mtime_seconds = index_.entries().front().entry.mtime_seconds;
  entry.size_bytes = toc.size();
  return tar_header(entry) + toc + std::string(tar_padding_bytes(toc.size()), '\0');
}

void EstargzEncoder::finish(LayerFacts& facts) {
  flush();
  out().bytes(as_bytes(footer(toc_offset_)));
  GzipEncoder::finish(facts);
  facts.annotations = {{std::string(oci::annotation::kEstargzTocDigest), toc_digest_.to_string()},
                       {std::string(oci::annotation::kEstargzPlainSize), std::to_string(facts.plain_size_bytes)}};
}

}  // namespace mlbuild
