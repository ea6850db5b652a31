#include "content_index.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <ctime>

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

std::string tar_name(const TarEntry& entry) { return entry.type == TarType::Directory ? entry.path + "/" : entry.path; }

std::string_view toc_type(const TarEntry& entry) {
  switch (entry.type) {
    case TarType::File:
      return "reg";
    case TarType::Directory:
      return "dir";
    case TarType::Symlink:
      return "symlink";
    case TarType::Hardlink:
      return "hardlink";
  }
  throw Error(ErrorKind::Internal, fmt::format("entry `{}` of an unknown type", entry.path));
}

std::string toc_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900) {
    throw Error(ErrorKind::Foreign, fmt::format("{} seconds since 1970 are no date of the years 0 to 9999", seconds));
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace mlbuild
