#pragma once

#include "zip_fields.hpp"

#include "mlbuild/archive/zip.hpp"

namespace mlbuild::zip {

inline constexpr std::uint16_t kStored = 0;
inline constexpr std::uint16_t kDeflate = 8;

// 4.4.4, general purpose bits
inline constexpr unsigned kEncrypted = 1U << 0U;
inline constexpr unsigned kHasDescriptor = 1U << 3U;
inline constexpr unsigned kPatched = 1U << 5U;
inline constexpr unsigned kStronglyEncrypted = 1U << 6U;
inline constexpr unsigned kUtf8 = 1U << 11U;
inline constexpr unsigned kMaskedHeader = 1U << 13U;
inline constexpr unsigned kForbidden = kEncrypted | kPatched | kStronglyEncrypted | kMaskedHeader;
inline constexpr unsigned kMeaningful = kForbidden | kHasDescriptor | kUtf8;

/// A member as the central directory describes it.
struct CentralEntry {
  ZipMember member;
  std::uint16_t flags = 0;
  std::uint64_t local_offset = 0;
};

[[noreturn]] void refuse_member(std::string_view name, std::string_view why);

/// Info-ZIP's Unicode path extra field (4.6.9) renames the member for those who read it.
void check_unicode_path(const Extra& extra, const std::string& name);

/// Checks one member's stretch of the file, from its local header to `end`, where the next one begins: local header,
/// data and data descriptor must agree with the directory and leave nothing over. Sets data_offset. `scratch` is only
/// memory.
void check_local(const RandomAccess& file, CentralEntry& entry, std::uint64_t end, Bytes& scratch);

}  // namespace mlbuild::zip
