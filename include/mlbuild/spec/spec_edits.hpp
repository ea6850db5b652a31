#pragma once

#include "mlbuild/spec/spec.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

/// read_spec() as it will be when some files have other texts, before they have. The names are those of Locations.
Spec read_changed_spec(const std::filesystem::path& path, const std::map<std::string, std::string>& texts);

/// The line of `.dockerignore` that means this path, whatever characters it has.
std::string ignore_pattern(std::string_view path);

}  // namespace mlbuild
