#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

namespace mlbuild {

/// Gives a job that uses the network what this host's network needs: name resolution files and CA certificates
/// (read-only) and the proxy variables. None of it reaches a lock: it decides how a file is fetched, not which.
void add_host_network(SandboxJob& job);

}  // namespace mlbuild
