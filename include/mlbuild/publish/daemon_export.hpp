#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/publish/sink.hpp"

#include <string>

namespace mlbuild {

/// Writes what `docker save NAME` would give to `out`: GET /images/NAME/get of the Docker Engine API, which podman
/// speaks, too. Throws Error{Network} with what the daemon said, Error{Usage} when it has no such image.
void export_from_daemon(const DaemonAccess& access, const std::string& name, Sink& out);

}  // namespace mlbuild
