#pragma once

#include "mlbuild/oci/oci.hpp"

#include <string>

namespace mlbuild::oci {

/// What Linux and wheels call a platform's processor: "x86_64", "aarch64". Of another architecture than arm64 the
/// former.
std::string machine_of(const Platform& platform);

}  // namespace mlbuild::oci
