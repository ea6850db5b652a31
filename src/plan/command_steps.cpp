#include "layer_steps.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/layer/overlay_diff.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr int kCommandLayerVersion = 1;  // raise it when the same command would see or leave something else
constexpr std::size_t kShownCommand = 48;

}  // namespace

/// The same on every machine, and nothing of this one: no credentials, no user, no locale.
std::map<std::string, std::string> fixed_environment(std::int64_t epoch_seconds) {
  return {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
          {"HOME", "/tmp"},  // what programs leave there is no part of the image
          {"LANG", "C.UTF-8"},
          {"TZ", "UTC"},
          {"SOURCE_DATE_EPOCH", std::to_string(epoch_seconds)},
          {"PYTHONHASHSEED", "0"},
          {"PYTHONDONTWRITEBYTECODE", "1"}};
}

namespace {

/// Over that: what the base says, which docker's RUN sees, too, and what the spec says.
std::map<std::string, std::string> environment_of(const CommandStep& step, const PlanRequest& request) {
  std::map<std::string, std::string> env = fixed_environment(request.epoch_seconds);
  if (request.image->base_image) {
    for (const std::string& variable : request.image->base_image->config.env) {
      const std::size_t equals = variable.find('=');
      if (equals != std::string::npos) env[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
  }
  for (const auto& [name, value] : step.env) env[name] = value;
  return env;
}

std::string label_of(const CommandStep& step) {
  std::string shown = step.shown_command.substr(0, step.shown_command.find('\n'));
  if (shown.size() > kShownCommand) shown = shown.substr(0, kShownCommand - 3) + "...";
  return fmt::format("step {}: {}{}", step.name, shown, step.network ? " (with network, not reproducible)" : "");
}

void add_scripts(KeyCard& card, const ScriptRun& scripts) {
  for (const DebInput& deb : scripts.candidates) card.set("deb:" + deb.name, deb.digest.to_string());
  for (const DebInput& deb : scripts.root_packages) card.set("root deb:" + deb.name, deb.digest.to_string());
  card.set("scripts", join(scripts.choice.run, " ")).set("unknown scripts", scripts.choice.run_unknown ? "run" : "no");
}

std::string card_value(const LayerFile& file) {
  if (file.type == TarType::Directory) return "directory";
  if (file.type == TarType::Symlink) return "link to " + file.link_target;
  return fmt::format("{} {} bytes{}", file.digest.to_string(), file.size_bytes, file.executable ? " executable" : "");
}

}  // namespace

std::vector<Step> command_steps(const PlanRequest& request, const std::string& id_prefix) {
  std::vector<Step> steps;
  const std::vector<CommandStep>& commands = request.variant->steps;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Step step;
    step.id = fmt::format("{}step:{}", id_prefix, commands[i].name);
    step.kind = StepKind::Command;
    step.label = label_of(commands[i]);
    step.causes = {commands[i].command.location};
    StepCommand& command = step.command.emplace();
    command.argv = commands[i].command.value;
    command.env = environment_of(commands[i], request);
    command.network = commands[i].network;
    if (i < request.command_inputs.size()) {
      command.inputs = request.command_inputs[i].files;
      command.open_input = request.command_inputs[i].open;
    }
    for (const AppCopy& input : commands[i].inputs) command.input_places.push_back(input.to);
    command.shown_command = commands[i].shown_command;
    command.location = commands[i].command.location;
    command.epoch_seconds = request.epoch_seconds;
    steps.push_back(std::move(step));
  }
  return steps;
}

KeyCard command_card(const Step& step, const std::vector<DiffId>& below) {
  const StepCommand& command = *step.command;
  KeyCard card("command-layer", kCommandLayerVersion);
  for (std::size_t i = 0; i < command.argv.size(); ++i) card.set(fmt::format("command {:03}", i), command.argv[i]);
  for (const auto& [name, value] : command.env) card.set("env " + name, value);
  for (const LayerFile& file : command.inputs) card.set("input /" + file.path, card_value(file));
  if (command.scripts) add_scripts(card, *command.scripts);
  for (std::size_t i = 0; i < below.size(); ++i) card.set(fmt::format("layer {:03}", i), below[i].to_string());
  card.set("label", step.label);
  card.set("network", command.network ? "yes" : "no").set("epoch seconds", std::to_string(command.epoch_seconds));
  add_overlay_layer_fields(card);
  add_packing_fields(card, command.packing);
  return card;
}

}  // namespace mlbuild
