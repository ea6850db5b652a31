#pragma once

#include "built_image.hpp"
#include "image_places.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mlbuild::cli {

/// An image that is kept somewhere, with where the bytes of its layers are.
struct KeptImage {
  Image image;
  std::unique_ptr<ImageSource> source;
  std::unique_ptr<BlobStore> layers;
};

/// What a word of the command line means: an image that is kept somewhere, or that of a spec, which is built first.
struct ChosenImage {
  std::optional<BuiltImage> built;
  std::optional<KeptImage> kept;  ///< when there is no `built`
  const Image& image() const { return built ? built->image : kept->image; }
  BlobStore& layers() const { return built ? *built->layers : *kept->layers; }
};

/// Throws Error{Usage} for what chooses among the images of a spec, or asks for its lock, when the word is no spec.
void refuse_spec_options(const SpecChoice& choice);

/// `choice.spec` is that word. Of an image that is kept the one for this machine's platform is taken.
ChosenImage open_chosen_image(const SpecChoice& choice, World& world);

}  // namespace mlbuild::cli
