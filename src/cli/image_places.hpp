#pragma once

#include "world.hpp"

#include "mlbuild/pull/image_source.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mlbuild::cli {

/// Where a command finds an image: "oci:DIR[:TAG]" | "docker:FILE.tar" | "daemon:NAME[:TAG]" |
/// "[registry:]HOST/NAME[:TAG|@DIGEST]". A tar of an OCI layout is as good as one of `docker save`.
struct ImagePlace {
  enum class Kind { Layout, Archive, Registry, Daemon } kind = Kind::Registry;
  std::string path;          ///< of a layout or archive
  std::string tag;           ///< of a layout
  oci::Reference reference;  ///< of a registry, with host, and a tag or digest; of a daemon

  static ImagePlace parse(const std::string& text);  ///< throws Error{Usage} with what is possible
  /// Nothing for the path of a spec: what is a file is one, whatever it looks like.
  static std::optional<ImagePlace> parse_unless_file(const std::string& text);
  /// The name that the image goes by: NAME:TAG in a registry, the tag alone elsewhere; "" when it has none.
  std::string name() const;
};

std::unique_ptr<ImageSource> open_place(const ImagePlace& place, World& world);

}  // namespace mlbuild::cli
