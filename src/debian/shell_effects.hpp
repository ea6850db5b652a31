#pragma once

#include "mlbuild/debian/scripts.hpp"

#include <string_view>

namespace mlbuild::debian {

/// Interprets a maintainer script without running anything, as dpkg calls it on a first installation ("preinst install"
/// or "postinst configure", no old version). Conditions on the arguments are decided, all others are taken both ways.
/// The answer is "known" only when every command that could run is one that has nothing to do in an image, or an
/// update-alternatives call with literal arguments.
ScriptVerdict interpret_script(std::string_view name, std::string_view script);

}  // namespace mlbuild::debian
