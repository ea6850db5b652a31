#include "mlbuild/sandbox/sandbox.hpp"

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"L0", "L1", "L2", "L3", "none"};

}  // namespace

std::string_view to_string(SandboxLevel level) { return kNames.at(static_cast<std::size_t>(level)); }

std::optional<SandboxLevel> parse_sandbox_level(std::string_view text) {
  const auto found = std::find(kNames.begin(), kNames.end() - 1, text);
  if (found == kNames.end() - 1) return std::nullopt;
  return static_cast<SandboxLevel>(found - kNames.begin());
}

}  // namespace mlbuild
