#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/debian/control.hpp"
#include "mlbuild/io/expansion_limit.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace mlbuild::debian {

/// The small files of control.tar.
struct DebControl {
  Stanza fields;                                   ///< `control`
  std::string md5sums;                             ///< as shipped; may be empty
  std::map<std::string, std::string> scripts;      ///< "preinst", "postinst" (what a first installation runs)
  std::map<std::string, std::string> for_scripts;  ///< "config", "templates", "triggers": what those need
};

/// A binary package (deb(5), format 2.0): exactly debian-binary, control.tar and data.tar in this order, members whose
/// names begin with an underscore ignored. Compression by content: none, gzip, xz or zstd. Throws Error{Foreign}, also
/// for what expands beyond the limit.
class DebFile {
 public:
  explicit DebFile(const RandomAccess& file, const ExpansionLimit& limit = {});  ///< `file` must outlive this
  DebControl read_control() const;
  /// Calls `on_entry` as read_tar() does, in the archive's order, and refuses names that have a meaning in an OCI layer
  /// (".wh.", image-spec, layer.md, "Whiteouts").
  void read_data(const std::function<void(const TarEntry&, Source& content)>& on_entry) const;

 private:
  struct Range {
    std::uint64_t offset = 0, size_bytes = 0;
  };
  std::unique_ptr<Source> open(const Range& member) const;

  const RandomAccess& file_;
  const ExpansionLimit limit_;
  Range control_, data_;
};

}  // namespace mlbuild::debian
