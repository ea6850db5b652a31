#pragma once

#include "mlbuild/python/wheel.hpp"

#include <string_view>
#include <vector>

namespace mlbuild {

/// pip and easy_install name their scripts after the interpreter that built the wheel; pip's installer replaces them by
/// `pip`, `pip3`, `pip3.11` and `easy_install`, `easy_install-3.11` of the interpreter that gets them. Everything else
/// stays.
std::vector<python::EntryPoint> with_versioned_scripts(const std::vector<python::EntryPoint>& entries,
                                                       std::string_view python_version);

}  // namespace mlbuild
