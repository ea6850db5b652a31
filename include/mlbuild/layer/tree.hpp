#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <vector>

namespace mlbuild {

/// Unpacks layers (gzip or plain tars, bottom to top, whiteouts honoured) below `root` for the sandbox, as the calling
/// user: owners are not kept, modes are (directories always get u+rwx); devices and FIFOs are left out. Nothing is
/// written outside `root`: every component is opened with O_NOFOLLOW, symbolic links are made but never followed.
void unpack_layers(const std::vector<Source*>& layers, const std::filesystem::path& root,
                   const Cancellation& cancellation);

}  // namespace mlbuild
