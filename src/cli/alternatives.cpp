#include "alternatives.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/index/wheel_outline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace mlbuild::cli {
namespace {

PythonIndex index_for(const std::string& project, const SpecVariant* variant, World& world) {
  const std::vector<SpecIndex> none;
  const std::vector<SpecIndex>& indexes = variant == nullptr ? none : variant->indexes;
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    if (std::ranges::count(indexes[i].packages, project) > 0) {
      return {fmt::format("index-{}", i + 1), indexes[i].url.value};
    }
  }
  return world.site().require_index();
}

std::optional<Alternative> ask(const std::string& project, const std::string& version, const SpecVariant* variant,
                               const python::TargetPlatform& target, World& world) {
  const bool exact = version.find('+') != std::string::npos;  // "+cpu": another build is no answer
  const auto outline =
      query_wheel_outline(world.http(), index_for(project, variant, world), project, version, exact, target);
  if (!outline) return std::nullopt;
  return Alternative{project, outline->version, {outline->size_bytes, outline->plain_bytes}, outline->requires_dist};
}

}  // namespace

AlternativeLookup alternatives_of(const SpecVariant* variant, const python::TargetPlatform& target, World& world) {
  return [variant, target, &world, is_silent = std::make_shared<bool>(false)](
             const std::string& project, const std::string& version) -> std::optional<Alternative> {
    if (*is_silent) return std::nullopt;
    try {
      return ask(project, version, variant, target, world);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Interrupted || error.kind() == ErrorKind::Internal) throw;
      *is_silent = true;
      world.events().on(WarningRaised{fmt::format("no index was asked for smaller wheels: {}", error.message())});
      return std::nullopt;
    }
  };
}

}  // namespace mlbuild::cli
