#pragma once

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/wheel.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// A wheel opened by its zip directory and *.dist-info, with everything checked that can be checked without its
/// content: PEP 427, "File Format", and the table in docs/formats/layer.md, "Odd wheels".
struct WheelArchive {
  WheelInput input;
  python::WheelFilename filename;
  std::unique_ptr<RandomAccess> file;
  std::vector<ZipMember> members;  ///< files only, sorted by name, each name once
  std::string dist_info;           ///< "numpy-1.26.4.dist-info"
  python::Metadata metadata;
  python::WheelFile wheel;
  std::vector<python::RecordRow> record;
  std::vector<python::EntryPoint> entry_points;
  std::vector<std::string> warnings;
};

/// Throws Error{Foreign} that names the member for whatever two installers could understand differently.
WheelArchive open_wheel(const WheelInput& input, const InstallScheme& scheme, BlobStore& blobs);

}  // namespace mlbuild
