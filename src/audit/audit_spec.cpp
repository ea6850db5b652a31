#include "mlbuild/audit/audit_spec.hpp"

#include "spec_rules.hpp"

#include "mlbuild/lock/required_by.hpp"
#include "mlbuild/oci/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

/// The lock names for each package who needs it.
PackageGraph wheel_graph(const SpecSubject& subject, const LockedWheels& wheels) {
  std::vector<std::pair<const LockedFile*, bool>> files;  // with whether it is a wheel
  for (const LockedFile& wheel : subject.image.wheels) files.emplace_back(&wheel, true);
  for (const LockedSdist& sdist : subject.image.sdists) files.emplace_back(&sdist.sdist, false);
  std::map<std::string, std::set<std::string>> needs;
  for (const auto& [file, is_wheel] : files) {
    for (const std::string& by : file->required_by) needs[project_of(by)].insert(file->name);
  }
  PackageGraph graph;
  for (const auto& [file, is_wheel] : files) {
    GraphPackage package{file->name, file->version, {}, needs[file->name], {}, {}};
    if (is_wheel) package.bytes.compressed_bytes = file->size_bytes;
    if (const LockedWheels::Content* content = wheels.find(file->name))
      package.bytes.plain_bytes = content->plain_bytes;
    package.wanted = std::ranges::count(file->required_by, kRequiredBySpec) > 0;
    for (const python::Requirement& requirement : subject.variant.runtime.requirements) {
      if (requirement.name == file->name && !package.location.known()) package.location = requirement.location;
    }
    graph.add(std::move(package));
  }
  return graph;
}

PackageGraph deb_graph(const LockedImage& image) {
  std::map<std::string, std::set<std::string>> needs;
  PackageGraph graph;
  for (const std::vector<LockedDeb>* debs : {&image.base, &image.system_runtime}) {
    for (const LockedDeb& deb : *debs) needs[deb.because].insert(deb.name);
  }
  for (const std::vector<LockedDeb>* debs : {&image.base, &image.system_runtime}) {
    for (const LockedDeb& deb : *debs) {
      graph.add({deb.name, deb.version, {deb.size_bytes, std::nullopt}, needs[deb.name], deb.because == "wanted", {}});
    }
  }
  graph.find_wanted();
  return graph;
}

bool wants_gpu(const SpecVariant& variant) {
  if (variant.gpu.cuda || !variant.gpu.architectures.empty()) return true;
  const auto devices = variant.config.env.find("NVIDIA_VISIBLE_DEVICES");
  if (devices == variant.config.env.end()) return false;
  return !devices->second.empty() && devices->second != "void" && devices->second != "none";
}

PackageSubject packages_of(const SpecSubject& subject, const LockedWheels& wheels) {
  PackageSubject result;
  result.wheels = wheel_graph(subject, wheels);
  result.debs = deb_graph(subject.image);
  result.wants_gpu = wants_gpu(subject.variant);
  result.python_version = subject.image.interpreter.version;
  result.machine = oci::machine_of(subject.image.platform);
  result.measured = "the locked wheels";
  result.alternative = subject.alternative;
  for (const python::Requirement& requirement : subject.variant.runtime.requirements) {
    if (!requirement.name.empty()) result.asked[requirement.name].push_back(requirement);
  }
  result.files_of = [&](const std::string& name) {
    const LockedWheels::Content* content = wheels.find(name);
    return content == nullptr ? std::vector<WheelFileBytes>() : content->files;
  };
  return result;
}

}  // namespace

AuditResult audit_spec(const SpecSubject& subject) {
  const LockedWheels wheels(subject.image, subject.store);
  const PackageSubject packages = packages_of(subject, wheels);
  std::vector<Draft> drafts;
  const auto add = [&](std::vector<Draft> more) { std::ranges::move(more, std::back_inserter(drafts)); };
  add(swap_drafts(packages));
  add(cuda_drafts(packages));
  add(tool_drafts(packages));
  add(base_drafts(subject, packages));
  add(spec_compiler_drafts(subject, packages));
  add(app_drafts(subject));
  add(unpinned_drafts(subject));
  add(unused_drafts(subject, packages, wheels));
  add(prune_drafts(packages));
  AuditResult result = count_drafts(std::move(drafts), packages.wheels, packages.debs);
  if (wheels.missing() > 0) {
    result.notes.push_back(
        fmt::format("{} of {} wheels are not in the store, so nothing is known of what is in them; a build fetches "
                    "them",
                    wheels.missing(), subject.image.wheels.size()));
  }
  if (!subject.imports) result.notes.emplace_back("the application's imports were not read");
  return result;
}

}  // namespace mlbuild
