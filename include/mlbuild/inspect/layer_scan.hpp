#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/digest.hpp"
#include "mlbuild/elf/object.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// One entry of a layer, as far as its size is to be explained. Whiteouts are entries like any other.
struct ScannedEntry {
  std::string path;  ///< TarEntry::path
  TarType type = TarType::File;
  std::uint64_t size_bytes = 0;             ///< of the content
  std::uint64_t compressed_size_bytes = 0;  ///< what the layer needs for header and content; exact in sum only
  std::uint32_t crc32 = 0;                  ///< of the content
  friend bool operator==(const ScannedEntry&, const ScannedEntry&) = default;
};

/// What a Python source says of shared libraries that it loads itself.
struct PythonLoads {
  std::vector<std::string> names;  ///< file names of libraries in it: "lib_lightgbm.so"
  bool calls = false;              ///< it calls what loads libraries by name: ctypes.CDLL and the like
  friend bool operator==(const PythonLoads&, const PythonLoads&) = default;
};

/// What one pass over a layer tells, whoever made it.
struct LayerScan {
  std::uint64_t plain_size_bytes = 0;  ///< of the tar
  std::vector<ScannedEntry> entries;   ///< in the order of the tar, but those that only eStargz needs
  /// Content of the files that tell which package a file belongs to, by path: METADATA and RECORD of installed
  /// distributions, dpkg's status, lists and sums, and the loader's configuration.
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> links;           ///< symbolic and hard links by path, as TarEntry::link_target
  std::map<std::string, elf::Object> objects;         ///< executables and shared objects by path
  std::map<std::string, std::string> broken_objects;  ///< why an ELF file could not be read, by path
  std::map<std::string, PythonLoads> python_loads;    ///< of Python sources that say anything, by path
  friend bool operator==(const LayerScan&, const LayerScan&) = default;
};

/// Reads a layer, gzip, zstd or plain, once, in bounded memory save for entries and texts. Throws Error{Foreign} for
/// what is no layer or has more than 2^22 entries.
LayerScan scan_layer(Source& layer, const Cancellation& cancellation);

std::string to_json(const LayerScan& scan);         ///< to be kept by the layer's digest; see scan_card()
LayerScan parse_layer_scan(std::string_view json);  ///< throws Error{Foreign}

}  // namespace mlbuild
