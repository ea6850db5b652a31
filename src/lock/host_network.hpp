#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <set>
#include <string>

namespace mlbuild {

/// Gives a job that uses the network what this host's network needs: name resolution files and CA certificates
/// (read-only) and the proxy variables. None of it reaches a lock: it decides how a file is fetched, not which.
void add_host_network(SandboxJob& job);

/// The user's credentials (NETRC, else ~/.netrc) for these hosts, as a netrc file; empty when there are none.
std::string host_credentials(const std::set<std::string>& hosts);

}  // namespace mlbuild
