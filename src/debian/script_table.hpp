#pragma once

#include <span>
#include <string_view>

namespace mlbuild::debian {

struct KnownScript {
  std::string_view digest;  ///< script_digest() in hex
  std::string_view package;
  std::string_view name;     ///< "preinst", "postinst"
  std::string_view effects;  ///< for parse_effects()
};

std::span<const KnownScript> known_scripts();

}  // namespace mlbuild::debian
