#include "base_part.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/spec/spec.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;  // an ordered map: keys come out sorted

json scripts_part(const SystemPackages& system) {
  if (system.run_all_scripts) return "run";
  json scripts = json::object();
  for (const std::string& package : system.ignore_scripts) scripts[package] = "ignore";
  for (const Located<std::string>& package : system.run_scripts) scripts[package.value] = "run";
  return scripts;
}

json copies_part(const std::vector<AppCopy>& copies) {
  json list = json::array();
  for (const AppCopy& copy : copies) list.push_back({{"from", copy.from.value}, {"to", copy.to}});
  return list;
}

/// A text for `sh -c` is written as such again: labels show it.
json command_part(const CommandStep& step) {
  if (step.shown_command == join(step.command.value, " ")) return step.command.value;
  return step.shown_command;
}

json steps_part(const std::vector<CommandStep>& steps) {
  json list = json::array();
  for (const CommandStep& step : steps) {
    list.push_back({{"name", step.name},
                    {"run", command_part(step)},
                    {"inputs", copies_part(step.inputs)},
                    {"network", step.network},
                    {"env", step.env}});
  }
  return list;
}

json config_part(const RunConfig& config) {
  json part{{"env", config.env}, {"labels", config.labels}, {"ports", config.exposed_ports}};
  const auto set_text = [&](const char* key, const std::string& text) {
    if (!text.empty()) part[key] = text;
  };
  set_text("workdir", config.workdir);
  set_text("user", config.user);
  set_text("stop-signal", config.stop_signal);
  if (!config.entrypoint.empty() || config.clears_entrypoint) part["entrypoint"] = config.entrypoint;
  if (!config.cmd.empty() || config.clears_cmd) part["cmd"] = config.cmd;
  return part;
}

json layers_part(const SpecVariant& variant) {
  const bool is_zstd = variant.compression == oci::LayerCompression::Zstd;
  json part{{"compression", is_zstd ? "zstd" : "gzip"}, {"max", variant.max_layers}};
  if (variant.lazy == oci::LazyFormat::Estargz) part["lazy"] = "estargz";
  if (variant.lazy == oci::LazyFormat::ZstdChunked) part["lazy"] = "zstd:chunked";
  return part;
}

json prune_part(const python::PrunePolicy& policy) {
  json part = json::object();
  for (const python::PruneKind kind : python::kPruneKinds) {
    if (policy.kinds[static_cast<std::size_t>(kind)]) part[std::string(python::prune_name(kind))] = true;
  }
  if (policy.any() && !policy.keep.empty()) part["keep"] = policy.keep;
  return part;
}

/// What it adds to the image's environment.
json gpu_part(const GpuSpec& gpu) {
  json part = json::object();
  if (gpu.cuda) part["cuda"] = gpu.cuda->value;
  return part;
}

}  // namespace

std::string deciding_part_json(const Spec& spec, const SpecVariant& variant, const oci::Platform& platform) {
  const json part{{"version", 1},
                  {"name", spec.name},
                  {"platforms", {platform.to_string()}},
                  {"base", base_part(variant)},
                  {"python", {{"bytecode", variant.bytecode}}},
                  {"system", {{"scripts", scripts_part(variant.system)}}},
                  {"steps", steps_part(variant.steps)},
                  {"config", config_part(variant.config)},
                  {"gpu", gpu_part(variant.gpu)},
                  {"prune", prune_part(variant.prune)},
                  {"layers", layers_part(variant)}};
  return part.dump();
}

}  // namespace mlbuild
