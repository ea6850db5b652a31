#include "library_gate.hpp"

#include "inspecting.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/report/check_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace mlbuild::cli {
namespace {

constexpr int kCheckVersion = 1;  // raised when the same image may be judged in another way

std::string way_out(const LibraryReport& report) {
  std::set<std::string> debian, wheels;
  for (const LibraryProblem& problem : report.problems) {
    if (problem.certainty != Certainty::Certain || problem.advice.kind == LibraryPackage::Kind::None) continue;
    (problem.advice.kind == LibraryPackage::Kind::Wheel ? wheels : debian).insert(problem.advice.name);
  }
  if (!debian.empty()) return fmt::format("in the spec: `system: {{runtime: [{}]}}`", fmt::join(debian, ", "));
  if (!wheels.empty()) return fmt::format("in the spec: `requirements: {{runtime: [{}]}}`", fmt::join(wheels, ", "));
  return "nothing was published; `mlbuild check libraries --all` tells more";
}

}  // namespace

void check_image_libraries(const Image& image, const BuildRequest& request, BlobStore& layers, World& world) {
  const LibraryCheck& wanted = request.variant->check.libraries;
  if (wanted.mode == LibraryCheck::Mode::Off) return;
  const KeyCard card = KeyCard("library-check", kCheckVersion).set("image", image.config.digest.to_string());
  if (!request.force && world.store().get(card.key())) return;
  world.events().on(ActivityStarted{"checking that libraries are found"});
  const std::vector<LayerScan> scans = scan_layers(image, layers, world);
  const LibraryReport report = check_libraries(scans, explain(scans), oci::parse_config(image.config_json));
  Diagnostics errors;
  for (const LibraryProblem& problem : report.problems) {
    if (problem.certainty != Certainty::Certain) continue;
    const std::string advice = advice_text(problem);
    std::string text = problem_text(problem) + (advice.empty() ? "" : "; " + advice);
    if (wanted.mode == LibraryCheck::Mode::Warn)
      world.events().on(WarningRaised{std::move(text)});
    else
      errors.add(Error(ErrorKind::Gate, std::move(text)).at(wanted.location).hint(way_out(report)));
  }
  errors.throw_if_any();
  if (!report.has_errors()) world.store().put(card.key(), "{}");
}

}  // namespace mlbuild::cli
