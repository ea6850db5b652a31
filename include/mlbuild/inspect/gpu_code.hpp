#pragma once

#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/inspect/layer_scan.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// What GPUs the compiled code of a package is for, as its largest library with such code has it: smaller ones beside
/// it serve single features and may be for fewer GPUs, or for more (torch bundles cuSPARSELt).
struct GpuCode {
  std::string package;            ///< "wheel torch 2.3.1"; "" for files of none
  std::string file;               ///< that library
  std::vector<std::string> code;  ///< "compute_90", "sm_80", sorted
  /// Of the wanted compute capabilities ("80"), those that nothing in it runs on.
  std::vector<std::string> missing;
};

/// Machine code runs on its own compute capability and on later ones of the same major version; PTX is compiled by the
/// driver for the one it is of and all later ones (CUDA C++ Programming Guide, "Compute Capability", "PTX
/// Compatibility").
bool runs_on(const std::vector<std::string>& code, const std::string& capability);

std::vector<GpuCode> find_gpu_code(const std::vector<LayerScan>& layers, const ImageContents& contents,
                                   const std::vector<std::string>& wanted);

}  // namespace mlbuild
