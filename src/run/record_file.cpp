#include "record_file.hpp"

#include "plain_file.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::size_t kLengthBytes = 4;

}  // namespace

RecordFile::RecordFile(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {}

void RecordFile::put(ByteSpan record) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) file_.put(static_cast<char>(record.size() >> (8 * i)));
  file_ << as_text(record);
}

void RecordFile::close() {
  file_.close();
  if (file_.fail()) throw Error(ErrorKind::Io, fmt::format("cannot write `{}`", path_.string()));
}

RecordReader::RecordReader(const std::filesystem::path& path, std::uint64_t limit_bytes)
    : file_(open_plain_file(path, limit_bytes), path), rest_(file_.size_bytes()) {}

std::optional<Bytes> RecordReader::take(std::uint64_t limit_bytes) {
  if (rest_ < kLengthBytes) return std::nullopt;
  const Bytes length = bytes(kLengthBytes);
  std::uint32_t size = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) size = size << 8U | std::to_integer<std::uint32_t>(length[i]);
  if (size > rest_) return std::nullopt;
  if (size <= limit_bytes) return bytes(size);
  at_ += size;
  rest_ -= size;
  return Bytes();
}

Bytes RecordReader::bytes(std::size_t count) {
  Bytes taken(count);
  file_.read_at(at_, taken);
  at_ += count;
  rest_ -= count;
  return taken;
}

}  // namespace mlbuild
