#include "mlbuild/report/plan_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownChanges = 3;

std::string change_text(const CardChange& change) {
  const auto shorten = [](const std::string& value) { return value.size() > 60 ? value.substr(0, 57) + "..." : value; };
  if (change.before.empty()) return fmt::format("{} is new: {}", change.field, shorten(change.after));
  if (change.after.empty()) return fmt::format("{} is gone: {}", change.field, shorten(change.before));
  return fmt::format("{}: {} -> {}", change.field, shorten(change.before), shorten(change.after));
}

struct ReasonText {
  std::string operator()(const AlreadyKnown&) const { return "unchanged"; }
  std::string operator()(const NeverRun&) const { return "never made here"; }
  std::string operator()(const Forced&) const { return "forced"; }
  std::string operator()(const OutputMissing& reason) const {
    return fmt::format("made before, but {} is no longer in the store", reason.blob.to_string().substr(0, 19));
  }
  std::string operator()(const WaitsFor& reason) const {
    std::vector<std::string> names;
    for (const std::string& id : reason.steps) names.push_back(id.substr(id.rfind('/') + 1));
    return "waits for " + join(names, ", ");
  }
  std::string operator()(const CardChanged& reason) const {
    std::vector<std::string> parts;
    for (const CardChange& change : reason.changes) {
      if (parts.size() == kShownChanges) break;
      parts.push_back(change_text(change));
    }
    std::string text = join(parts, "; ");
    if (reason.changes.size() > kShownChanges)
      text += fmt::format("; and {} more", reason.changes.size() - kShownChanges);
    return text;
  }
  std::string operator()(const InRegistry& reason) const { return "in " + reason.where; }
  std::string operator()(const InBase& reason) const { return "in the base " + reason.where; }
};

std::string_view reason_name(const Reason& reason) {
  constexpr std::array<std::string_view, 8> kNames{"already-known", "never-run", "card-changed", "output-missing",
                                                   "waits-for",     "forced",    "in-registry",  "in-base"};
  return kNames[reason.index()];
}

std::string_view state_name(StepState state) {
  switch (state) {
    case StepState::Cached:
      return "cached";
    case StepState::Registry:
      return "registry";
    case StepState::Run:
      return "run";
    case StepState::Open:
      break;
  }
  return "open";
}

std::string_view kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::Layer:
      return "layer";
    case StepKind::Command:
      return "command";
    case StepKind::BaseLayer:
      return "base-layer";
    case StepKind::BuildSdist:
      break;
  }
  return "build-sdist";
}

struct Totals {
  std::size_t cached = 0, registry = 0, run = 0, open = 0;
  std::uint64_t fetch_bytes = 0;
};

/// What several steps read, as a wheel's layer and its bytecode do, is fetched once.
std::uint64_t fetch_bytes(const Plan& plan) {
  std::vector<const Step*> steps;
  for (const Step& step : plan.steps) {
    if (step.fetch_bytes() > 0) steps.push_back(&step);
  }
  return missing_bytes(steps);
}

Totals totals_of(const Plan& plan) {
  Totals totals;
  totals.fetch_bytes = fetch_bytes(plan);
  for (const Step& step : plan.steps) {
    totals.cached += step.state == StepState::Cached ? 1U : 0U;
    totals.registry += step.state == StepState::Registry ? 1U : 0U;
    totals.run += step.state == StepState::Run ? 1U : 0U;
    totals.open += step.state == StepState::Open ? 1U : 0U;
  }
  return totals;
}

std::string causes_text(const Step& step) {
  std::string text;
  for (std::size_t i = 0; i < step.causes.size() && i < kShownChanges; ++i) {
    const Location& at = step.causes[i];
    text += fmt::format("{}{}:{}:{}", i == 0 ? "" : ", ", at.file, at.line, at.column);
  }
  return text;
}

std::size_t label_width(const Plan& plan) {
  std::size_t width = 10;
  for (const Step& step : plan.steps) width = std::max(width, std::min<std::size_t>(step.label.size(), 60));
  return width;
}

json step_json(const Step& step) {
  json value{{"id", step.id},
             {"label", step.label},
             {"state", state_name(step.state)},
             {"reason", reason_name(step.reason)},
             {"explanation", reason_text(step.reason)},
             {"fetch_bytes", step.fetch_bytes()},
             {"input_bytes", step.input_bytes()}};
  value["kind"] = kind_name(step.kind);
  if (step.card) value["key"] = step.card->key().to_string();
  if (step.facts) value["layer"] = {{"digest", step.facts->digest.to_string()}, {"size", step.facts->size_bytes}};
  if (step.facts && step.facts->sources_left_out > 0) value["layer"]["sources_left_out"] = step.facts->sources_left_out;
  for (const Location& at : step.causes)
    value["causes"].push_back({{"file", at.file}, {"line", at.line}, {"column", at.column}});
  return value;
}

json image_json(const BuildResult& result) {
  json layers = json::array();
  for (const ImageLayer& layer : result.image.layers) {
    layers.push_back({{"digest", layer.facts.digest.to_string()},
                      {"diff_id", layer.facts.diff_id.to_string()},
                      {"size", layer.facts.size_bytes},
                      {"plain_size", layer.facts.plain_size_bytes},
                      {"key", layer.key.to_string()},
                      {"created_by", layer.created_by}});
  }
  return {{"platform", result.image.platform.to_string()},
          {"digest", result.image.manifest.digest.to_string()},
          {"compressed_size", result.image.compressed_size_bytes()},
          {"plain_size", result.image.plain_size_bytes()},
          {"fetched_bytes", result.fetched_bytes},
          {"layers_made", result.layers_made},
          {"layers_reused", result.layers_reused},
          {"layers_in_registry", result.layers_in_registry},
          {"budget", result.budget},
          {"seconds", result.seconds},
          {"sandbox", result.sandbox_level},
          {"layers", layers}};
}

}  // namespace

std::string reason_text(const Reason& reason) { return std::visit(ReasonText{}, reason); }

std::string plan_text(const Plan& plan, bool explain) {
  const std::size_t width = label_width(plan);
  std::string text;
  std::string last_cause;
  for (const Step& step : plan.steps) {
    const std::string size = step.facts ? human_bytes(step.facts->size_bytes) : human_bytes(step.input_bytes());
    text += fmt::format("{:<{}}  {:<8}  {:>9}  {}\n", step.label, width, state_name(step.state), size,
                        reason_text(step.reason));
    if (explain && step.facts && step.facts->sources_left_out > 0) {
      text += fmt::format("{:<{}}    {} sources without bytecode: they do not compile\n", "", width,
                          step.facts->sources_left_out);
    }
    if (explain && (step.state == StepState::Run || step.state == StepState::Open)) {
      const std::string causes = causes_text(step);
      if (!causes.empty() && causes != last_cause)
        text += fmt::format("{:<{}}    asked for at {}\n", "", width, causes);
      last_cause = causes;
    }
  }
  const Totals totals = totals_of(plan);
  const std::string registry = totals.registry == 0 ? "" : fmt::format(" {} in a registry,", totals.registry);
  text += fmt::format("{} cached,{} {} to run, {} open; {} to fetch\n", totals.cached, registry, totals.run,
                      totals.open, human_bytes(totals.fetch_bytes));
  return text;
}

std::string plan_json(const std::vector<Plan>& plans) {
  json images = json::array();
  for (const Plan& plan : plans) {
    json steps = json::array();
    for (const Step& step : plan.steps) steps.push_back(step_json(step));
    const Totals totals = totals_of(plan);
    images.push_back({{"variant", plan.variant},
                      {"platform", plan.platform.to_string()},
                      {"no_bytecode", plan.no_bytecode ? json(*plan.no_bytecode) : json()},
                      {"steps", steps},
                      {"totals",
                       {{"cached", totals.cached},
                        {"registry", totals.registry},
                        {"run", totals.run},
                        {"open", totals.open},
                        {"fetch_bytes", totals.fetch_bytes}}}});
  }
  return json{{"images", images}}.dump(2, ' ', false, json::error_handler_t::replace);
}

std::string build_summary_text(const BuildResult& result, const std::string& name,
                               const std::vector<PublishResult>& published) {
  const Image& image = result.image;
  std::string text = fmt::format("{} ({})\n", name, image.platform.to_string());
  text += fmt::format("  size    {} compressed, {} plain, {} layers\n", human_bytes(image.compressed_size_bytes()),
                      human_bytes(image.plain_size_bytes()), image.layers.size());
  const std::string registry =
      result.layers_in_registry == 0 ? "" : fmt::format(", {} in the registry", result.layers_in_registry);
  text += fmt::format("  layers  {} made, {} reused{}; {} fetched\n", result.layers_made, result.layers_reused,
                      registry, human_bytes(result.fetched_bytes));
  if (!result.budget.empty()) text += fmt::format("  budget  {}\n", result.budget);
  for (const PublishResult& place : published) {
    text += fmt::format("  to      {}: {} written, {} there already\n", place.where, human_bytes(place.written_bytes),
                        human_bytes(place.reused_bytes));
  }
  if (!result.sandbox_level.empty()) text += fmt::format("  sandbox {}\n", result.sandbox_level);
  text += fmt::format("  took    {:.2f} s\n", result.seconds);
  return text;
}

std::string build_summary_json(const std::vector<BuildResult>& results, const std::vector<PublishResult>& published) {
  json images = json::array();
  for (const BuildResult& result : results) images.push_back(image_json(result));
  json places = json::array();
  for (const PublishResult& place : published) {
    places.push_back({{"where", place.where},
                      {"digest", place.digest.to_string()},
                      {"written_bytes", place.written_bytes},
                      {"reused_bytes", place.reused_bytes}});
  }
  return json{{"images", images}, {"published", places}}.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
