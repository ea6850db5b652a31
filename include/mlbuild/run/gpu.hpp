#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <filesystem>
#include <vector>

namespace mlbuild {

/// What a program needs of this machine's NVIDIA driver: the device nodes, and the libraries that come with the driver
/// and not with CUDA (they must fit the kernel module, so no image has them), bound where Debian's and Ubuntu's loader
/// looks without being told.
struct Gpu {
  std::vector<std::filesystem::path> devices;
  std::vector<SandboxMount> mounts;
};

/// `host`: the root directory that is searched. Throws Error{Step} where there is no GPU or no driver library, with
/// what is missing.
Gpu find_gpu(const std::filesystem::path& host = "/");

}  // namespace mlbuild
