#include "content_index.hpp"

namespace mlbuild {

void ContentIndex::begin_entry(const TarEntry& entry) { entries_.push_back({entry, {}, 0, {}}); }

void ContentIndex::begin_chunk(std::uint64_t offset) {
  std::vector<IndexedChunk>& chunks = entries_.back().chunks;
  IndexedChunk next;
  next.offset = offset;
  if (!chunks.empty()) {
    end_chunk();
    next.content_offset = chunks.back().content_offset + chunks.back().size_bytes;
  }
  chunks.push_back(next);
  chunk_bytes_ = 0;
}

void ContentIndex::content(ByteSpan plain) {
  chunk_bytes_ += plain.size();
  if (entries_.back().entry.size_bytes > single_chunk_bytes_) hash_.update(plain);
}

void ContentIndex::end_chunk() {
  IndexedChunk& chunk = entries_.back().chunks.back();
  chunk.size_bytes = chunk_bytes_;
  chunk.digest = hash_.finish();
}

void ContentIndex::end_content(const Digest& digest, std::uint64_t end_offset) {
  IndexedEntry& file = entries_.back();
  file.digest = digest;
  file.end_offset = end_offset;
  end_chunk();
  if (file.chunks.size() == 1) {
    file.chunks.front().size_bytes = file.entry.size_bytes;
    file.chunks.front().digest = digest;
  }
}

}  // namespace mlbuild
