#pragma once

#include "base_tree.hpp"

#include "mlbuild/lock/lock.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

/// Values of os-release(5) by name, quotes removed.
std::map<std::string, std::string> parse_os_release(std::string_view text);

/// Distribution, layout and packages of a root.
LockedBaseDebian read_base_debian(const BaseTree& tree, const oci::Platform& platform);

/// Version of a package; "" when it is not installed.
std::string base_version(const LockedBaseDebian& debian, std::string_view package);

}  // namespace mlbuild
