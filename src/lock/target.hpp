#pragma once

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/python/tags.hpp"

#include <string>

namespace mlbuild {

/// What wheels must fit: the interpreter and platform of an image. Throws Error{Spec} for an architecture without
/// wheels.
python::TargetPlatform target_of(const LockedImage& image);

/// "cp311 linux/amd64"
std::string target_text(const LockedImage& image);

}  // namespace mlbuild
