#pragma once

#include <cstdint>
#include <string_view>

namespace mlbuild {

enum class UploadStyle {
  OnePut,        ///< POST, then PUT with everything: what nearly all take, and the only one that some do
  PatchThenPut,  ///< POST, one PATCH with everything, PUT without a body
};

/// In what a registry differs from the specification's ordinary case. A table row of constants.
struct RegistryQuirks {
  std::string_view hosts;                ///< pattern: a host, or "*" and the end of its name
  std::string_view api_host = {};        ///< where the API is when not at the host of image names
  std::string_view bare_namespace = {};  ///< what "name" without a slash means there: "library/name"
  UploadStyle upload = UploadStyle::OnePut;
  bool mount_without_source = true;    ///< POST with `mount` and no `from`: the registry may find the blob itself
  std::uint64_t blob_limit_bytes = 0;  ///< 0: none known
};

/// The row for a registry "host[:port]"; the ordinary one when none fits.
const RegistryQuirks& quirks_of(std::string_view registry);

}  // namespace mlbuild
