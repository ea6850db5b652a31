#pragma once

#include "mlbuild/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace mlbuild::elf {

/// Finds what GPUs the code in a library is for, in a stream that goes by once. nvcc puts "fat binaries" into
/// .nv_fatbin: a header of 16 bytes (magic 0xBA55ED50, version 1, size of the header, size of what follows), then
/// entries, each with a header of its own (kind 1: PTX, 2: machine code; its size; the size of the code; at 28 the
/// compute capability times ten) and the code. NVIDIA documents none of this; it is what cuobjdump shows of the same
/// files. Sections are not asked, since they come last: headers are aligned to 8 bytes, and 8 of them are constant.
class FatBinaryScanner {
 public:
  void write(ByteSpan bytes);
  const std::set<std::string>& code() const { return code_; }  ///< "sm_80", "compute_90"

 private:
  enum class State { Search, Size, Entry, Skip };
  void take(ByteSpan& bytes, std::size_t upto);
  void search(ByteSpan& bytes);
  void read_size();
  void read_entry();

  std::uint64_t at_ = 0;  ///< of the stream
  State state_ = State::Search;
  std::array<std::byte, 32> head_{};
  std::size_t have_ = 0;    ///< bytes of head_
  std::uint64_t rest_ = 0;  ///< of the fat binary at hand
  std::uint64_t skip_ = 0;
  std::set<std::string> code_;
};

}  // namespace mlbuild::elf
