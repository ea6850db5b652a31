#pragma once

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/run/events.hpp"
#include "mlbuild/spec/spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// CUDA in a lock, as names and versions of its wheels tell: "nvidia-cublas-cu12", "torch 2.3.1+cu121", "cupy-cuda12x".
struct LockedCuda {
  unsigned major = 0;
  std::optional<unsigned> minor;    ///< where one of them is the runtime itself, or says so
  std::vector<std::string> wheels;  ///< "nvidia-cublas-cu12 12.1.3.1"
};
std::vector<LockedCuda> locked_cuda(const LockedImage& image);  ///< by major version

/// Least major version of the driver for a CUDA major version (CUDA Compatibility, "Minor Version Compatibility").
std::optional<unsigned> minimum_driver(unsigned cuda_major);

/// What the lock says against the spec's `gpu`, before anything is fetched. Throws Error{Spec} when the lock's CUDA is
/// not the spec's; warns of several versions, of a newer minor version, and of libraries that the base has, too.
void check_cuda(const SpecVariant& variant, const LockedImage& image, EventSink& events);

/// The variant's config with what makes the NVIDIA container runtime mount the driver, where `gpu.cuda` is given and
/// neither the spec nor the base says otherwise: NVIDIA_VISIBLE_DEVICES, NVIDIA_DRIVER_CAPABILITIES,
/// NVIDIA_REQUIRE_CUDA.
RunConfig with_cuda(const SpecVariant& variant, const LockedImage& image);

}  // namespace mlbuild
