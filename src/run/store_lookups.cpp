#include "store_lookups.hpp"

#include <charconv>

namespace mlbuild {
namespace {

python::TargetPlatform target_of(const LockedImage& image) {
  python::TargetPlatform target;
  target.python_version = image.interpreter.version;
  target.machine = image.platform.architecture == "arm64" ? "aarch64" : "x86_64";
  const std::string& glibc = image.interpreter.glibc;  // "2.36"; the lock is read strictly
  if (const std::size_t dot = glibc.find('.'); dot != std::string::npos)
    std::from_chars(glibc.data() + dot + 1, glibc.data() + glibc.size(), target.glibc_minor);
  return target;
}

}  // namespace

SdistBuildInputs sdist_build_inputs(const LockedImage& image, const LockedSdist& sdist, std::int64_t epoch_seconds) {
  SdistBuildInputs inputs;
  inputs.sdist = sdist.sdist.sha256;
  inputs.sdist_filename = sdist.sdist.filename;
  inputs.project = sdist.sdist.name;
  inputs.version = sdist.sdist.version;
  for (const LockedFile& wheel : sdist.build_requirements)
    inputs.build_requirements.push_back({wheel.filename, wheel.sha256});
  inputs.root_packages = deb_inputs(build_packages(image));
  inputs.scheme = build_scheme(image);
  inputs.target = target_of(image);
  inputs.epoch_seconds = epoch_seconds;
  return inputs;
}

KeyCard StoreLookups::sdist_card(const LockedImage& image, const LockedSdist& sdist) {
  return sdist_build_card(sdist_build_inputs(image, sdist, epoch_seconds_));
}

std::optional<KnownWheel> StoreLookups::built_wheel(const StepKey& key) {
  const std::optional<std::string> facts = store_.get(key);
  if (!facts) return std::nullopt;
  const BuiltWheel wheel = parse_built_wheel(*facts);
  return KnownWheel{wheel.filename, wheel.digest};
}

}  // namespace mlbuild
