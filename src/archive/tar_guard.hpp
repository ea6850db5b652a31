#pragma once

#include "mlbuild/io/stream.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// Whether this pax key makes a file sparse: GNU's, star's and Solaris's ways. Its content then has another size in the
/// archive than in the file system, which a header of a few hundred bytes may say is exbibytes.
bool is_sparse_key(std::string_view pax_key);

/// Passes a tar stream on to libarchive and refuses (Error{Foreign}) what libarchive takes, but tar readers understand
/// differently: contents on links and directories, entries of unknown or sparse type, a pax size that contradicts the
/// header, access control lists that take libarchive's time, NUL bytes in pax or GNU names (a C string ends there,
/// others do not), malformed or huge extended headers, archives without an end, and anything but zeros behind it.
class TarGuard final : public Source {
 public:
  explicit TarGuard(Source& tar) : tar_(tar) {}
  std::size_t read(MutableByteSpan buffer) override;
  /// Reads on to the end of the stream; refuses it when the end-of-archive mark never came.
  void finish();
  /// Of the next entry's content, as this class understands the archive; for each entry once, in their order, when
  /// libarchive has given it out.
  std::uint64_t take_entry_size();

 private:
  static constexpr std::size_t kBlockBytes = 512;

  void observe(ByteSpan bytes);
  void on_block();
  void on_header();
  void begin_extension(char type, std::uint64_t size_bytes);
  void on_extension_end();
  void read_pax_records(bool global);
  void on_pax_record(std::string_view key, std::string_view value, bool global);
  void skip_content(std::uint64_t size_bytes);

  Source& tar_;
  std::array<char, kBlockBytes> block_{};
  std::size_t block_filled_ = 0;
  std::uint64_t content_left_bytes_ = 0;  ///< of an entry, with its padding
  char extension_type_ = '\0';            ///< x, g, L or K while one is being collected
  std::uint64_t extension_size_bytes_ = 0;
  std::string extension_;
  std::optional<std::uint64_t> pax_size_bytes_;  ///< for the next entry
  std::uint64_t access_list_bytes_ = 0;          ///< for the next entry
  std::deque<std::uint64_t> entry_sizes_;        ///< of entries that libarchive may not have come to yet
  bool ended_ = false;
};

}  // namespace mlbuild
