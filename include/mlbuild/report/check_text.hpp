#pragma once

#include "mlbuild/inspect/conflicts.hpp"
#include "mlbuild/inspect/gpu_code.hpp"
#include "mlbuild/inspect/libraries.hpp"

#include <string>

namespace mlbuild {

/// What the loader would not find, with what to install; `all`: also what may never be loaded.
std::string libraries_text(const LibraryReport& report, bool all);
/// {"objects","problems":[{"severity","kind","library","package","chain",...}],"python","roots","system_runtime":[...]}
std::string libraries_json(const LibraryReport& report);
/// One problem in one sentence: "`cv2/cv2.abi3.so` of wheel opencv-python 4.10 needs `libGL.so.1`, which is not there".
std::string problem_text(const LibraryProblem& problem);
/// What mends it, or "".
std::string advice_text(const LibraryProblem& problem);

std::string conflicts_text(const std::vector<Conflict>& conflicts);
/// {"conflicts":[{"kind","packages","text","fix","files"}],"ok"}
std::string conflicts_json(const std::vector<Conflict>& conflicts);

std::string gpu_text(const std::vector<GpuCode>& code);
/// {"ok","packages":[{"package","code","missing"}]}
std::string gpu_json(const std::vector<GpuCode>& code);

}  // namespace mlbuild
