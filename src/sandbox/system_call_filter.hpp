#pragma once

#include <optional>

namespace mlbuild {

/// Ids inside.
struct FileOwner {
  unsigned user = 0, group = 0;
};

/// What depends on the job and on what the rest of the sandbox keeps apart.
struct SystemCallRules {
  bool internet = true;       ///< IPv4, IPv6 and netlink sockets
  bool unix_sockets = true;   ///< false where abstract ones of the host would be in reach
  bool own_processes = true;  ///< a pid namespace: kill(-1) means nobody outside
  /// Whose files may be "given" to whom they belong to, where owners are kept. Else any change of owner is "done".
  std::optional<FileOwner> kept_owner = {};
};

/// Loads the seccomp filter of the payload into the calling thread (kept over exec). Needs no_new_privs. What it
/// answers is listed in docs/sandbox.md, "System calls". Returns 0 or an errno.
int load_system_call_filter(const SystemCallRules& rules);

}  // namespace mlbuild
