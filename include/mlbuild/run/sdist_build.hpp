#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/python/tags.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/store/key_card.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Everything that decides the wheel made from a source distribution. All blobs are in the store.
struct SdistBuildInputs {
  BlobDigest sdist;
  std::string sdist_filename;  ///< "name-version.tar.gz" (PEP 625)
  std::string project;         ///< normalised name that the wheel must have
  std::string version;         ///< and its version
  std::vector<WheelInput> build_requirements;
  std::vector<DebInput> root_packages;  ///< all of the build root: base, runtime and build packages
  python::TargetPlatform target;        ///< what the wheel must fit
  InstallScheme scheme;                 ///< where the root's interpreter looks, and which it is
  std::int64_t epoch_seconds = 315532800;
  /// Where the packages are found decoded, or kept for others; decides nothing.
  std::shared_ptr<UnpackedDebs> unpacked_debs = nullptr;
};

/// The step's inputs; same card, same wheel.
KeyCard sdist_build_card(const SdistBuildInputs& inputs);

struct BuiltWheel {
  std::string filename;
  BlobDigest digest;
  std::uint64_t size_bytes = 0;
  std::string sandbox_level = {};  ///< at which it was built, "L0"; "" when that was not recorded
};
std::string to_json(const BuiltWheel& wheel);         ///< facts of the step in the key index
BuiltWheel parse_built_wheel(std::string_view json);  ///< throws Error{Foreign}

/// Builds the wheel by the project's PEP 517 backend in the sandbox: root = the Debian packages plus the build
/// requirements, no network, a fixed environment (SOURCE_DATE_EPOCH, umask 022, hash seed 0), the source at a fixed
/// path. Always builds; keeps the wheel as a blob and its facts under the card's key, where the plan finds them. Asks
/// for nothing that is not in `inputs`: what the backend wants on top is an error that names it.
///
/// Throws Error{Step} for a wheel that does not fit the target, and with the end of the build's output and a hint,
/// Error{Foreign} for an sdist that cannot be unpacked safely, Error{Interrupted}.
BuiltWheel build_sdist(const SdistBuildInputs& inputs, DiskStore& store, Sandbox& sandbox,
                       const Cancellation& cancellation);

}  // namespace mlbuild
