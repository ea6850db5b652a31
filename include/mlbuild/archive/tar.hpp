#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace mlbuild {

enum class TarType : char { File = '0', Hardlink = '1', Symlink = '2', Directory = '5' };

struct TarEntry {
  std::string path;  ///< relative, no leading "./" or "/", no trailing "/", never empty or with ".." components
  TarType type = TarType::File;
  std::uint32_t mode = 0644;  ///< permission and set-id bits only
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime_seconds = 0;
  std::uint64_t size_bytes = 0;  ///< of the content; 0 unless File
  std::string link_target;       ///< Symlink: kept verbatim; Hardlink: path of an earlier entry
};

/// The header blocks of one entry: POSIX ustar, preceded by a pax extended header only where ustar cannot express the
/// entry (path that does not split into prefix and name, link target above 100 bytes, size of 8 GiB or more, ids above
/// 07777777, non-ASCII text, negative mtime): POSIX.1-2017, pax, "pax Extended Header". Deterministic; no owner names.
std::string tar_header(const TarEntry& entry);
/// The name that it has in there: that of a directory ends in a slash.
std::string tar_name(const TarEntry& entry);

/// Zero bytes that pad content of this size to whole 512-byte blocks.
std::size_t tar_padding_bytes(std::uint64_t size_bytes);
/// Two zero blocks.
ByteSpan tar_end_of_archive();

/// Reads any tar (v7, ustar, pax, GNU) through libarchive to the end of `tar` (the plain, decompressed stream), calling
/// `on_entry` for each entry with its content (valid during the call; what is not read is skipped). Paths are
/// normalised to the form of TarEntry::path ("./usr/" -> "usr"; the root entry "./" is left out), and otherwise given
/// byte for byte. Refuses with Error{Foreign}: absolute paths, "..", NUL or control characters or invalid UTF-8 in
/// names, devices, FIFOs, unknown types, sparse files, content on entries that are no files, a pax size that
/// contradicts the header, ids above 32 bits, extended headers above 1 MiB, access control lists above 4 KiB, more than
/// 2^22 entries, names that need more than 512 MiB together with the directories above them, truncated input (also a
/// missing end-of-archive mark), anything but zeros behind the end. Errors of `tar` and of `on_entry` pass
/// through.
void read_tar(Source& tar, const std::function<void(const TarEntry&, Source& content)>& on_entry);

/// The same for layers that somebody else made, which are looked at or unpacked for the sandbox: devices, FIFOs, and
/// names that are no UTF-8 or hold control characters are passed over. What would leave the root is refused as ever.
void read_foreign_layer(Source& tar, const std::function<void(const TarEntry&, Source& content)>& on_entry);

/// Of a path and of a symlink's target: Linux's PATH_MAX counts the NUL at the end, too.
inline constexpr std::size_t kLongestPathBytes = 4095;

/// Checks a relative path for the rules of TarEntry::path, for UTF-8 without control characters, for components of at
/// most 255 bytes and kLongestPathBytes in all; returns why it is bad, or "".
std::string why_unsafe_path(std::string_view path);

}  // namespace mlbuild
