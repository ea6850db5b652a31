#pragma once

#include <string>
#include <vector>

namespace mlbuild {

/// What a job without trees may read of this machine: its programs and libraries, nothing that belongs to somebody.
std::vector<std::string> own_programs();  ///< only those that are there

}  // namespace mlbuild
