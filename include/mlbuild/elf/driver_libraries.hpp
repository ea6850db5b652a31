#pragma once

#include <string_view>

namespace mlbuild::elf {

/// Whether a shared library is one of the NVIDIA driver ("libcuda.so.1", "libnvidia-ml.so.1"), by its name. It belongs
/// to the machine: no image has it, the container runtime mounts it.
bool is_driver_library(std::string_view name);

}  // namespace mlbuild::elf
