#pragma once

#include <string_view>

/// What stands at well-known places of every base, so that the copies of `app` cannot turn one kind of thing into
/// another.
namespace mlbuild::spec {

/// A path that is a file or a link in every base.
struct BasePlace {
  std::string_view path;  ///< relative to the root of the image
  std::string_view hint;  ///< the way out for who wants to put something below it
};

/// Whether a file at this path would take the place of a directory and of all that is in it.
bool is_base_directory(std::string_view path_in_image);
/// The file or link of the base that `path_in_image` is or lies below; nullptr when there is none.
const BasePlace* base_place_above(std::string_view path_in_image);

}  // namespace mlbuild::spec
