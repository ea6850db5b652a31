#pragma once

#include <compare>
#include <string_view>

namespace mlbuild::debian {

/// Orders two version strings as dpkg does (Debian policy 5.6.12: epoch, upstream, revision; `~` before everything).
std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace mlbuild::debian
