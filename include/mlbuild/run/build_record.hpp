#pragma once

#include "mlbuild/run/build.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// What an image was built from, save for the application's files and the inputs of its steps: enough to build all
/// other layers again. It goes along as an annotation of the manifest (docs/formats/image.md). Names no host, and
/// changes only when the image may.
struct BuildRecord {
  std::string spec_json;  ///< deciding_part_json()
  std::string lock_json;  ///< a lock of this one image, without what locking alone needs
  bool has_app = false;   ///< the topmost layer holds the application's files
};

/// `bytecode`: whether the image could get any, where the spec wants it.
BuildRecord build_record(const BuildRequest& request, bool bytecode);

std::string to_annotation(const BuildRecord& record);         ///< base64 of gzip of canonical JSON
BuildRecord parse_build_record(std::string_view annotation);  ///< throws Error{Foreign}

}  // namespace mlbuild
