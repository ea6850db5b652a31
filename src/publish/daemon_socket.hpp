#pragma once

#include <filesystem>
#include <vector>

namespace mlbuild {

/// The first of the sockets that there is and that may be written to. Throws Error{Network} that says what is wrong
/// with the others.
std::filesystem::path choose_daemon_socket(const std::vector<std::filesystem::path>& sockets);

}  // namespace mlbuild
