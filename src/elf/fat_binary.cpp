#include "fat_binary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mlbuild::elf {
namespace {

constexpr std::uint64_t kBeginning = 0x00100001'BA55ED50;  // magic, version 1, a header of 16 bytes
constexpr std::size_t kWordBytes = 8;
constexpr std::size_t kEntryBytes = 32;  // of an entry's header, as far as it matters here
constexpr std::uint64_t kLongestHeader = 4096;
constexpr std::uint32_t kMaxCapability = 999;

template <class T>
T read(const std::byte* bytes) {  // GPU code is little endian, as are all hosts that have it
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(bytes[i]) << (8U * i));
  return value;
}

}  // namespace

void FatBinaryScanner::write(ByteSpan bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::Search:
        search(bytes);
        break;
      case State::Size:
        take(bytes, kWordBytes);
        if (have_ == kWordBytes) read_size();
        break;
      case State::Entry:
        take(bytes, kEntryBytes);
        if (have_ == kEntryBytes) read_entry();
        break;
      case State::Skip: {
        const std::uint64_t count = std::min<std::uint64_t>(skip_, bytes.size());
        bytes = bytes.subspan(count);
        at_ += count;
        skip_ -= count;
        if (skip_ == 0) state_ = rest_ >= kEntryBytes ? State::Entry : State::Search;
        break;
      }
    }
  }
}

void FatBinaryScanner::take(ByteSpan& bytes, std::size_t upto) {
  const std::size_t count = std::min(bytes.size(), upto - have_);
  std::memcpy(head_.data() + have_, bytes.data(), count);
  have_ += count;
  at_ += count;
  bytes = bytes.subspan(count);
}

void FatBinaryScanner::search(ByteSpan& bytes) {
  if (have_ > 0 || at_ % kWordBytes != 0) {  // a word that the last piece cut, or one that begins in the middle
    const std::size_t upto = have_ + kWordBytes - at_ % kWordBytes;
    take(bytes, upto);
    if (have_ < upto) return;
    have_ = 0;
    if (upto == kWordBytes && read<std::uint64_t>(head_.data()) == kBeginning) state_ = State::Size;
    return;
  }
  const std::size_t words = bytes.size() / kWordBytes;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i * kWordBytes, kWordBytes);
    if (word != kBeginning) continue;
    at_ += (i + 1) * kWordBytes;
    bytes = bytes.subspan((i + 1) * kWordBytes);
    state_ = State::Size;
    return;
  }
  at_ += words * kWordBytes;
  bytes = bytes.subspan(words * kWordBytes);
  if (!bytes.empty()) take(bytes, kWordBytes);
}

void FatBinaryScanner::read_size() {
  rest_ = read<std::uint64_t>(head_.data());
  have_ = 0;
  state_ = rest_ >= kEntryBytes ? State::Entry : State::Search;
}

void FatBinaryScanner::read_entry() {
  const auto kind = read<std::uint16_t>(head_.data());
  const std::uint64_t header = read<std::uint32_t>(head_.data() + 4);
  const auto size = read<std::uint64_t>(head_.data() + 8);
  const auto capability = read<std::uint32_t>(head_.data() + 28);
  have_ = 0;
  state_ = State::Search;
  const bool fits = header >= kEntryBytes && header <= kLongestHeader && header <= rest_ && size <= rest_ - header;
  if (!fits || capability == 0 || capability > kMaxCapability) return;  // it only looked like one
  if (kind == 1) code_.insert(fmt::format("compute_{}", capability));
  if (kind == 2) code_.insert(fmt::format("sm_{}", capability));
  rest_ -= header + size;
  skip_ = header - kEntryBytes + size;
  if (skip_ > 0)
    state_ = State::Skip;
  else if (rest_ >= kEntryBytes)
    state_ = State::Entry;
}

}  // namespace mlbuild::elf
