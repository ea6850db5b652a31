#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

/// Variables of PEP 508, "Environment Markers", for a CPython on Linux; `extra` is for the caller to set.
std::map<std::string, std::string> linux_markers(const std::string& python_version, const std::string& machine);

/// Whether a marker holds. What cannot be read holds: a need too many costs a finding, one too few a wrong one.
bool marker_holds(std::string_view marker, const std::map<std::string, std::string>& environment);

}  // namespace mlbuild
