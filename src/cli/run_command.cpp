#include "chosen_image.hpp"
#include "commands.hpp"
#include "run_options.hpp"
#include "shared_options.hpp"

#include "mlbuild/run/gpu.hpp"
#include "mlbuild/run/start_image.hpp"
#include "mlbuild/sys/signal_relay.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGWINCH is POSIX

#include <memory>
#include <optional>
#include <utility>

namespace mlbuild::cli {
namespace {

struct RunOptions {
  std::string spec = "mlbuild.yaml";
  std::string variant;
  std::vector<std::string> mounts, env;
  std::string memory, network = "host";
  double processors = 0;
  std::vector<std::string> insecure_registries;
  bool locked = false, gpu = false;
};

StartOptions start_options(const RunOptions& options, const World& world) {
  StartOptions start;
  start.arguments = world.trailing_arguments();
  for (const std::string& text : options.mounts) start.mounts.push_back(parse_mount(text));
  for (const std::string& text : options.env) {
    auto [name, value] = parse_variable(text);
    start.env.insert_or_assign(std::move(name), std::move(value));  // the last word counts
  }
  if (!options.memory.empty()) start.memory_bytes = parse_memory(options.memory);
  start.processors = options.processors;
  start.network = options.network == "host";
  if (!options.gpu) return start;
  Gpu gpu = find_gpu();
  start.devices = std::move(gpu.devices);
  start.mounts.insert(start.mounts.end(), gpu.mounts.begin(), gpu.mounts.end());
  return start;
}

int run_image(const RunOptions& options, World& world) {
  const SpecChoice choice{options.spec, options.variant, "", options.locked};
  refuse_spec_options(choice);
  StartOptions start = start_options(options, world);
  world.set_insecure_registries(options.insecure_registries);
  const BuildContext context = world.build_context();
  const ChosenImage chosen = open_chosen_image(choice, world);
  world.end_progress();
  start.signals = not_ignored({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH});
  const SandboxOutcome outcome = start_image(chosen.image(), start, chosen.layers(), context);
  if (outcome.end == SandboxOutcome::End::MemoryExceeded)
    world.events().on(WarningRaised{
        fmt::format("the command was ended: it needed more memory than `--memory {}` allows", options.memory)});
  return shell_exit_code(outcome);
}

}  // namespace

void add_run_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      program.add_subcommand("run",
                             "start an image here, without docker: that of a spec, which is built first, or "
                             "one that is kept somewhere");
  command->add_option("IMAGE", options->spec,
                      "the spec (default: mlbuild.yaml), oci:DIR[:TAG], archive:FILE.tar, or HOST/NAME:TAG in a "
                      "registry; arguments for the image follow `--`");
  command->add_option("--variant", options->variant, "this variant of the spec");
  command->add_option("--mount", options->mounts, "HOST:INSIDE[:ro], a file or directory of this machine");
  command->add_option("--env", options->env, "NAME=value, or NAME to pass on the value that it has here");
  command->add_option("--cpus", options->processors, "processors that it may use, e.g. 1.5")
      ->check(CLI::PositiveNumber);
  command->add_option("--memory", options->memory, "memory that it may use, e.g. 4g");
  command->add_option("--network", options->network, "host (default) or none")->check(CLI::IsMember({"host", "none"}));
  command->add_flag("--gpu", options->gpu, "with this machine's NVIDIA GPUs: their devices and the driver's libraries");
  add_insecure_registries(*command, options->insecure_registries);
  command->add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec");
  command->footer("example: mlbuild run specs/sklearn-train/mlbuild.yaml --cpus 2 --memory 4g");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_image(*options, world); }; });
}

}  // namespace mlbuild::cli
