#pragma once

#include "mlbuild/oci/oci.hpp"
#include "mlbuild/spec/spec.hpp"

#include <string>
#include <vector>

namespace mlbuild::cli {

/// A repository that a push goes to, and the names that the image gets there.
struct PushTarget {
  oci::Reference where;                ///< with host
  std::vector<std::string> more_tags;  ///< beside that of `where`
};

/// Where `--push` goes: to each `-t` name that has a host; those without one are tags of the spec's `image`. Without
/// any
/// `-t`, to the spec's `image`, under its own tag, else `default_tag`. Throws Error{Usage} when that names no registry.
std::vector<PushTarget> push_targets(const std::vector<std::string>& names, const Spec& spec,
                                     const std::string& default_tag);

/// The tag of an image that nobody named: the same lock gives the same tag.
std::string lock_tag(const std::string& lock_json);

}  // namespace mlbuild::cli
