#include "budgets.hpp"

#include "auditing.hpp"
#include "image_places.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/run/copy_image.hpp"

#include <fmt/format.h>

#include <optional>

namespace mlbuild::cli {
namespace {

ImagePlace place_named(const Located<std::string>& against, const Spec& spec) {
  try {
    ImagePlace place = ImagePlace::parse(against.value);
    if (!place.path.empty()) place.path = (spec.directory / place.path).string();
    return place;
  } catch (Error& error) {
    throw error.at(against.location);
  }
}

std::optional<ImagePlace> place_before(const BuildRequest& request, const std::vector<PushTarget>& targets) {
  const std::optional<Located<std::string>>& against = request.variant->budget.against;
  if (against) return place_named(*against, *request.spec);
  if (targets.empty()) return std::nullopt;
  ImagePlace place;
  place.reference = targets.front().where;
  return place;
}

/// Nothing when a registry says that there is none yet, or none for the platform.
std::optional<ImageBefore> image_before(const BuildRequest& request, const std::vector<PushTarget>& targets,
                                        World& world) {
  const std::optional<ImagePlace> place = place_before(request, targets);
  if (!place) return std::nullopt;
  const oci::Reference& where = place->reference;
  if (place->kind == ImagePlace::Kind::Registry) {
    const std::string name = where.digest ? where.digest->to_string() : where.tag;
    if (!world.registry(where.host)->fetch_manifest(where.repository, name)) return std::nullopt;
  }
  const std::unique_ptr<ImageSource> source = open_place(*place, world);
  std::optional<Image> image =
      with_context([] { return std::string("reading the image that `budget.growth` compares with"); },
                   [&] { return find_image(*source, request.image->platform); });
  if (!image) return std::nullopt;
  return ImageBefore{place->path.empty() ? where.to_string() : place->path, std::move(*image)};
}

constexpr std::size_t kShownWays = 3;

/// What of the spec the audit would change first. It must not hide that the budget refused the image.
void add_ways_back(Error& refused, const BuildRequest& request, World& world) {
  std::vector<std::string> ways;
  try {
    for (const Finding& finding : audit_locked(*request.spec, *request.variant, *request.image, world).findings) {
      if (finding.severity == Severity::Risk || finding.saves.weight() == 0 || ways.size() == kShownWays) continue;
      ways.push_back(
          fmt::format("{} (`{}`, saves {})", finding.title, finding.id, human_bytes(finding.saves.weight())));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Interrupted || error.kind() == ErrorKind::Internal) throw;
  }
  if (!ways.empty()) refused.while_doing("`mlbuild audit` knows ways back: " + join(ways, "; "));
}

}  // namespace

void check_budgets(std::vector<BuildResult>& results, const std::vector<BuildRequest>& requests,
                   const std::vector<PushTarget>& targets, World& world) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const SizeBudget& budget = requests[i].variant->budget;
    std::optional<ImageBefore> before;
    if (budget.has_growth()) before = image_before(requests[i], targets, world);
    if (budget.has_growth() && !before) {
      world.events().on(
          WarningRaised{"`budget.growth` was not looked at: there is no image before this one for its platform; "
                        "`budget.against` may name one"});
    }
    try {
      results[i].budget = check_budget(results[i].image, budget, before);
    } catch (Error& refused) {
      add_ways_back(refused, requests[i], world);
      throw;
    }
  }
}

void check_budget_place(const Spec& spec, const SpecVariant& variant) {
  if (variant.budget.against) place_named(*variant.budget.against, spec);
}

}  // namespace mlbuild::cli
