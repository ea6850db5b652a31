#pragma once

#include "mlbuild/run/build_record.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace mlbuild {

/// An image's build, set up once more from what travels with the image.
struct Rebuild {
  Spec spec;
  Lock lock;
  std::int64_t epoch_seconds = 0;
  BuildRequest request() const;  ///< forced; must not outlive this
};

/// Reads the image's build record. The application's files are the image's own, unpacked to `directory` from its
/// topmost layer out of `layers`. Throws Error{Usage} for an image that has no record, or whose steps read files that
/// are not in it; Error{Foreign} for a record that makes no sense.
Rebuild rebuild_of(const Image& image, BlobStore& layers, const std::filesystem::path& directory,
                   const Cancellation& cancellation);

/// The base of that build: its layers are the image's lower ones. `layers` must outlive it.
std::unique_ptr<BaseSource> base_in(BlobStore& layers);

}  // namespace mlbuild
