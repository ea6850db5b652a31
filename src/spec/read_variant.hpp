#pragma once

#include "spec_directory.hpp"
#include "yaml_tree.hpp"

#include "mlbuild/spec/spec.hpp"

namespace mlbuild::spec {

struct ReadContext {
  const SpecDirectory& directory;
  std::string directory_text;  ///< as the user wrote it
  std::string file;            ///< the spec, as the user wrote it
  Diagnostics& diagnostics;
};

/// Reads what decides one image from a tree that check_shape() passed. Values that make no sense are diagnostics.
SpecVariant read_variant(const YamlNode& root, const ReadContext& context);

}  // namespace mlbuild::spec
