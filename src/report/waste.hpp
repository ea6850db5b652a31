#pragma once

#include "mlbuild/inspect/contents.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// What an image may do without. Rows overlap: a test may also be a copy.
struct WasteRow {
  std::string what;    ///< "caches"
  std::string places;  ///< packages and directories that have most of it
  ByteCount bytes;
};
std::vector<WasteRow> waste_rows(const ImageContents& contents);

}  // namespace mlbuild
