#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::debian {

/// What a base built from Debian packages is asked for; docs/debian.md says why each name is there.
struct BaseSet {
  std::vector<std::string> wanted;
  /// Members of the closure that are known to the dependency resolution but are not unpacked, and are not in the dpkg
  /// database: nothing in the image runs them and no kept library needs them.
  std::vector<std::string> dropped;
};

/// `slim`: shell, coreutils and the other Essential packages; otherwise distroless: the interpreter and its libraries
/// only. `python_version`: "3.11".
BaseSet base_set(bool slim, std::string_view python_version);

/// What runs a program of that Python and no more: for builds and tools, whose root is in no image.
BaseSet interpreter_set(std::string_view python_version);

/// Whether a dropped member of a base is a program that only installing needs (dpkg, debconf, tar, ...), so that
/// packages added on top may count on it as installed. Other dropped members are libraries: a package on top that needs
/// one must bring it.
bool is_install_tool(std::string_view name);

}  // namespace mlbuild::debian
