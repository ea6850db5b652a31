#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/run/build.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mlbuild {

struct StartOptions {
  std::vector<std::string> arguments;      ///< in place of the image's CMD, when there are any
  std::map<std::string, std::string> env;  ///< on top of the image's
  std::vector<SandboxMount> mounts;
  double processors = 0;                       ///< 0: all
  std::uint64_t memory_bytes = 0;              ///< 0: no limit
  bool network = true;                         ///< the host's
  std::vector<std::filesystem::path> devices;  ///< see SandboxJob
  std::vector<int> signals;                    ///< passed on to the command, from when it is started
};

/// Starts the image as a container runtime would, attached to this program's own streams, and waits for its end. What
/// it writes is thrown away, except into mounts. `layers` gives the bytes of the image's layers; each is unpacked once.
/// Throws Error{Usage} when the image says no command and none is given.
SandboxOutcome start_image(const Image& image, const StartOptions& options, BlobStore& layers,
                           const BuildContext& context);

/// The exit code of a shell or of docker for this end: the command's own, or 128 and the signal.
int shell_exit_code(const SandboxOutcome& outcome);

}  // namespace mlbuild
