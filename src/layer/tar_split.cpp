#include "tar_split.hpp"

#include "content_index.hpp"
#include "toc.hpp"

#include "mlbuild/base/base64.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace mlbuild {
namespace {

constexpr std::uint64_t kPolynomial = 0xD800000000000000U;  // ISO 3309, reflected
constexpr std::size_t kSlices = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, kSlices>;

constexpr Tables crc_tables() {
  Tables tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t slice = 1; slice < kSlices; ++slice) {
      const std::uint64_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}
constexpr Tables kTables = crc_tables();

std::string big_endian(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}

}  // namespace

std::uint64_t crc64(std::uint64_t crc, ByteSpan bytes) {
  crc = ~crc;
  for (; bytes.size() >= kSlices; bytes = bytes.subspan(kSlices)) {  // eight bytes at a time
    std::uint64_t mixed = 0;
    for (std::size_t i = 0; i < kSlices; ++i) {
      const std::uint64_t byte = std::to_integer<std::uint64_t>(bytes[i]) ^ ((crc >> (8 * i)) & 0xFFU);
      mixed ^= kTables[kSlices - 1 - i][byte];
    }
    crc = mixed;
  }
  for (const std::byte byte : bytes)
    crc = kTables[0][(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

void TarSplit::segment(ByteSpan bytes) { segment_.insert(segment_.end(), bytes.begin(), bytes.end()); }

void TarSplit::write(const std::string& line) {
  size_bytes_ += line.size();
  lines_.write(as_bytes(line));
  ++position_;
}

void TarSplit::write_segment() {
  if (segment_.empty()) return;
  write(fmt::format("{{\"type\":2,\"payload\":\"{}\",\"position\":{}}}\n", base64(as_text(segment_)), position_));
  segment_.clear();
}

void TarSplit::file(const TarEntry& entry, std::uint64_t crc) {
  write_segment();
  const std::string name = toc_text(tar_name(entry));
  if (entry.size_bytes == 0) {
    write(fmt::format("{{\"type\":1,\"name\":{},\"payload\":null,\"position\":{}}}\n", name, position_));
  } else {
    write(fmt::format("{{\"type\":1,\"name\":{},\"size\":{},\"payload\":\"{}\",\"position\":{}}}\n", name,
                      entry.size_bytes, base64(big_endian(crc)), position_));
  }
}

void TarSplit::finish() { write_segment(); }

}  // namespace mlbuild
