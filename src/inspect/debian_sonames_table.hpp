#pragma once

#include <string_view>
#include <vector>

namespace mlbuild {

/// "PACKAGE LIBRARY...": the packages of Debian bookworm that others depend on, with the libraries that they bring.
std::vector<std::string_view> debian_sonames_rows();

}  // namespace mlbuild
