#include "package_rules.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 16> kToolkitLibraries = {
    "libcudart", "libcublas", "libcudnn",  "libnvrtc",  "libcufft",      "libcurand",   "libcusparse", "libcusolver",
    "libnccl",   "libcupti",  "libnvjitl", "libcufile", "libnvtoolsext", "libnvfatbin", "libnvblas",   "libnvshmem"};

/// The CUDA half of a framework's own wheel, where no index tells of its CPU build.
std::vector<DraftPart> cuda_parts(const PackageSubject& subject, const std::string& framework) {
  std::vector<DraftPart> parts;
  if (!subject.files_of) return parts;
  for (const WheelFileBytes& file : subject.files_of(framework)) {
    if (is_cuda_library(name_of(file.path))) parts.push_back({file.path, framework, file.bytes});
  }
  return parts;
}

void add_framework(const PackageSubject& subject, const GraphPackage& framework, Draft& draft) {
  const std::string public_version = framework.version.substr(0, framework.version.find('+'));
  const auto alternative =
      subject.alternative ? subject.alternative(framework.name, public_version + "+cpu") : std::optional<Alternative>();
  if (alternative && alternative->version.ends_with("+cpu")) {
    GraphPackage package = framework;
    package.name += " (cpu)";
    package.version = alternative->version;
    package.bytes = alternative->bytes;
    draft.wheels.replaced.emplace(framework.name, std::move(package));
    draft.finding.measured += fmt::format(", and the wheel of {} {}", framework.name, alternative->version);
    return;
  }
  std::vector<DraftPart> parts = cuda_parts(subject, framework.name);
  if (parts.empty()) {
    draft.finding.measured += fmt::format("; {} itself would be smaller, too, by what no index told", framework.name);
    return;
  }
  draft.finding.evidence.push_back(fmt::format("{} CUDA libraries inside {}", parts.size(), framework.name));
  draft.finding.measured += fmt::format(", and the CUDA libraries inside {}", framework.name);
  std::ranges::move(parts, std::back_inserter(draft.parts));
}

}  // namespace

bool is_cuda_package(std::string_view name) {
  if (name == "nvidia-ml-py") return false;  // asks the driver, and copes without one
  return name.starts_with("nvidia-") || name == "triton" || name == "pytorch-triton" || name.starts_with("cuda-") ||
         name.starts_with("jax-cuda");
}

bool is_cuda_library(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower.find(".so") == std::string::npos) return false;
  if (lower.find("torch_cuda") != std::string::npos || lower == "libc10_cuda.so" || lower == "libcaffe2_nvrtc.so") {
    return true;
  }
  return std::ranges::any_of(kToolkitLibraries, [&](std::string_view stem) { return lower.starts_with(stem); });
}

std::vector<Draft> cuda_drafts(const PackageSubject& subject) {
  if (subject.wants_gpu) return {};
  Draft draft = draft_of("cuda-in-cpu-image", "CUDA libraries, and nothing says that the image is for GPUs");
  for (const auto& [name, package] : subject.wheels.packages()) {
    if (is_cuda_package(name) && !package.wanted) draft.wheels.cut.insert(name);
  }
  const std::set<std::string> gone = subject.wheels.gone(draft.wheels);
  if (std::ranges::none_of(gone, [](const std::string& name) { return name.starts_with("nvidia-"); })) return {};
  draft.finding.evidence = gone_evidence(subject.wheels, draft.wheels);
  draft.finding.measured = subject.measured;
  for (const auto& [name, package] : subject.wheels.packages()) {
    if (name != "torch") continue;
    draft.finding.location = package.location;
    add_framework(subject, package, draft);
  }
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

}  // namespace mlbuild
