#pragma once

#include "mlbuild/report/sbom.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// A package as bills of materials name it, whatever their form.
struct SbomPackage {
  std::string id;  ///< "wheel-numpy-1.26.4": letters, digits, '.' and '-', unique in the image
  std::string name, version;
  std::string purl;                  ///< Package URL
  std::string license_expression;    ///< SPDX; "" when it is not known
  std::string license_text;          ///< what is said instead
  std::string filename;              ///< of the wheel, sdist or .deb; "" when it is not known
  std::optional<BlobDigest> sha256;  ///< of that file
  std::vector<std::size_t> layers;
  std::vector<std::size_t> needs;  ///< numbers of packages of the same image
};

/// In the order of kind, name and version.
std::vector<SbomPackage> sbom_packages(const SbomSubject& subject);
std::string image_purl(const SbomSubject& subject);
std::string image_created(const SbomSubject& subject);  ///< RFC 3339

std::string spdx_json(const SbomSubject& subject);
std::string cyclonedx_json(const SbomSubject& subject);

}  // namespace mlbuild
