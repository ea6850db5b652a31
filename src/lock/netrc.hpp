#pragma once

#include <set>
#include <string>
#include <string_view>

namespace mlbuild {

/// The entries of a netrc file (as curl and ftp read it) for these hosts only, as a netrc file. `default` entries and
/// macros are left out: the resolver gets the credentials it needs, and no others.
std::string netrc_for_hosts(std::string_view netrc, const std::set<std::string>& hosts);

}  // namespace mlbuild
