#include "mlbuild/audit/audit_image.hpp"

#include "image_rules.hpp"

#include "mlbuild/oci/machine.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::string_view kDevices = "NVIDIA_VISIBLE_DEVICES=";

/// What the NVIDIA runtime reads (container toolkit, "Specialized configurations with Docker").
bool wants_gpu(const oci::ImageConfig& config) {
  return std::ranges::any_of(config.env, [](const std::string& variable) {
    if (!variable.starts_with(kDevices)) return false;
    const std::string_view value = std::string_view(variable).substr(kDevices.size());
    return !value.empty() && value != "void" && value != "none";
  });
}

std::string below_site(const std::string& path) {
  for (const std::string_view site : {"/site-packages/", "/dist-packages/"}) {
    const auto at = path.find(site);
    if (at != std::string::npos) return path.substr(at + site.size());
  }
  return path;
}

PackageSubject packages_of(const ImageSubject& subject, const ImagePackages& packages) {
  PackageSubject result;
  result.wheels = packages.wheels();
  result.debs = packages.debs();
  result.wants_gpu = wants_gpu(subject.config);
  result.python_version = packages.python_version();
  result.machine = oci::machine_of(subject.config.platform);
  result.measured = "files of the image";
  result.alternative = subject.alternative;
  result.files_of = [&](const std::string& wheel) {
    std::vector<WheelFileBytes> files;
    for (const std::size_t i : packages.files_of_wheel(wheel)) {
      const ContentFile& file = subject.contents.files[i];
      files.push_back({below_site(file.path), {file.bytes.compressed_bytes, file.bytes.plain_bytes}});
    }
    return files;
  };
  return result;
}

}  // namespace

AuditResult audit_image(const ImageSubject& subject) {
  const ImagePackages packages(subject.contents, oci::machine_of(subject.config.platform));
  const PackageSubject about_packages = packages_of(subject, packages);
  std::vector<Draft> drafts;
  const auto add = [&](std::vector<Draft> more) { std::ranges::move(more, std::back_inserter(drafts)); };
  add(swap_drafts(about_packages));
  add(cuda_drafts(about_packages));
  add(tool_drafts(about_packages));
  add(prune_drafts(about_packages));
  add(hidden_drafts(subject));
  add(cache_drafts(subject, packages));
  add(compiler_drafts(subject, packages));
  add(devel_drafts(subject, packages));
  add(clutter_drafts(subject, packages));
  add(nvidia_drafts(subject, packages));
  add(library_drafts(subject, packages));
  return count_drafts(std::move(drafts), packages.wheels(), packages.debs());
}

}  // namespace mlbuild
