#pragma once

#include "mlbuild/inspect/layer_scan.hpp"

#include <string_view>

namespace mlbuild {

/// A Python source of an installed package.
bool may_load_libraries(std::string_view path);

/// Words of the source only: names of libraries that are made up of parts are not found.
PythonLoads loads_of(std::string_view source);

}  // namespace mlbuild
