#pragma once

#include "mlbuild/oci/oci.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// index.json of an OCI layout that names nothing yet.
std::string empty_layout_index();

/// index.json with `top` under the name `ref_name` (annotation org.opencontainers.image.ref.name; "" for none). Another
/// image of that name loses it, all others stay as they are, members that mlbuild does not know included. The order is
/// by name, so that the same images give the same bytes whichever came first. Throws Error{Foreign} when `index_json`
/// is malformed.
std::string with_image(std::string_view index_json, const oci::Descriptor& top, const std::string& ref_name);

}  // namespace mlbuild
