#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/lock/lock.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// Forms of a bill of materials.
enum class SbomForm { Spdx, CycloneDx };
SbomForm parse_sbom_form(std::string_view text);      ///< "spdx", "cyclonedx"; throws Error{Usage}
std::string_view sbom_media_type(SbomForm form);      ///< as registered with IANA
std::string_view sbom_file_extension(SbomForm form);  ///< ".spdx.json"

/// An image, what is in it, and what it was made from when that is known.
struct SbomSubject {
  std::string name;  ///< "churn-train"
  const Image& image;
  const ImageContents& contents;
  const LockedImage* locked = nullptr;  ///< with digests of wheels and .debs
};

/// SPDX 2.3 JSON or CycloneDX 1.5 JSON: docs/sbom.md. Pure: time and identity are the image's own.
std::string sbom_json(const SbomSubject& subject, SbomForm form);

}  // namespace mlbuild
