#include "content_cutter.hpp"

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

constexpr unsigned kWindowBytes = 64;  // each byte is shifted out of the hash after as many
constexpr unsigned kHashShift = 44;    // 20 bits of the hash are looked at: one place in a MiB

/// Numbers without a pattern, by splitmix64 (Steele, Lea, Flood 2014): the table is part of the format.
constexpr std::array<std::uint64_t, 256> gear_table() {
  std::array<std::uint64_t, 256> table{};
  std::uint64_t state = 0;
  for (std::uint64_t& value : table) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    value = mixed ^ (mixed >> 31U);
  }
  return table;
}
constexpr std::array<std::uint64_t, 256> kGear = gear_table();

}  // namespace

void ContentCutter::restart() {
  hash_ = 0;
  chunk_bytes_ = 0;
  is_cut_ = false;
}

std::size_t ContentCutter::take(ByteSpan bytes) {
  if (is_cut_) restart();
  // What cannot be the end need not be hashed, but for the window before the first byte that can.
  const std::uint64_t unhashed = kMinBytes - kWindowBytes;
  std::size_t at = 0;
  if (chunk_bytes_ < unhashed)
    at = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), unhashed - chunk_bytes_));
  const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kMaxBytes - chunk_bytes_));
  std::uint64_t hash = hash_;
  while (at < end) {
    hash = (hash << 1U) + kGear[std::to_integer<std::size_t>(bytes[at])];
    ++at;
    if ((hash >> kHashShift) == 0 && chunk_bytes_ + at >= kMinBytes) break;
  }
  hash_ = hash;
  chunk_bytes_ += at;
  is_cut_ = chunk_bytes_ == kMaxBytes || (chunk_bytes_ >= kMinBytes && (hash >> kHashShift) == 0);
  return at;
}

}  // namespace mlbuild
