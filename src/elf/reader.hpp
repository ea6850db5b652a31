#pragma once

#include "kept_ranges.hpp"

#include "mlbuild/elf/object.hpp"

#include <optional>

namespace mlbuild::elf {

inline constexpr std::uint64_t kMaxProgramHeaders = 4096;

/// A program header, of either class.
struct Segment {
  std::uint32_t type = 0;
  std::uint64_t offset = 0, address = 0, file_size = 0;
};

/// The ELF header and the program headers.
struct Headers {
  Object object;  ///< bits, byte order, machine and type
  std::vector<Segment> segments;
};

/// Where the program headers end, from the first 64 bytes of a file (52 will do for 32 bits); nothing for what is no
/// executable and no shared object. Throws Error{Foreign} when the header is broken.
std::optional<std::uint64_t> end_of_program_headers(ByteSpan beginning);
Headers read_headers(const KeptRanges& file);

/// Ranges that the dynamic section and what it points to are likely to be in, `limit_bytes` at most in sum.
std::vector<Range> ranges_to_keep(const Headers& headers, std::uint64_t limit_bytes);

/// Everything but Object::gpu_code.
Object read_dynamic(Headers headers, const KeptRanges& file);

}  // namespace mlbuild::elf
