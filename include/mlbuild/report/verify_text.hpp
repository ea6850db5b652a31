#pragma once

#include "mlbuild/inspect/compare_images.hpp"

#include <string>

namespace mlbuild {

/// An image that was built again, beside the one that was found.
struct VerifiedImage {
  std::string name;  ///< as the user wrote it
  BlobDigest found, made;
  std::string from;  ///< what it was built from: "the record in the image"
  ImageComparison comparison;
};

/// One line when all is the same; else each layer that differs, with its first files.
std::string verify_text(const VerifiedImage& image);
/// {"image","digest","made","same","from","layers":[{"created_by","same",...}],"config":[...]}.
std::string verify_json(const VerifiedImage& image);

}  // namespace mlbuild
