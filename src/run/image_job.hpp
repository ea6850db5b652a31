#pragma once

#include "mlbuild/oci/oci.hpp"
#include "mlbuild/sandbox/sandbox.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

/// A job in the image as a container runtime would start it: environment, working directory and user of its config
/// (config.md, "Properties"). The command is the caller's. Throws Error{Step} for a user that the image does not know.
SandboxJob image_job(const oci::ImageConfig& config, const std::vector<std::filesystem::path>& roots);

/// ENTRYPOINT and CMD as runtimes join them; `arguments`, when there are any, stand in for CMD.
std::vector<std::string> start_command(const oci::ImageConfig& config, const std::vector<std::string>& arguments);

}  // namespace mlbuild
