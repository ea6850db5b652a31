#pragma once

#include <string>
#include <string_view>

namespace mlbuild::debian {

/// Where a shipped path really is when /bin, /sbin and /lib* are links into /usr and /var/run, /var/lock links into
/// /run. An entry below such a link would replace the link by a directory in overlay-based stores, and with it every
/// program of the base. "bin/sh" -> "usr/bin/sh", "lib" -> "usr/lib", "var/run/x" -> "run/x"; anything else as it is.
std::string merged_usr_path(std::string_view path);

/// Whether the path is itself one of the links ("bin", "lib64", "var/run", ...), which the base makes once.
bool is_merged_link(std::string_view path);

}  // namespace mlbuild::debian
