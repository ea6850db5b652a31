#include "command_run.hpp"

#include "build_failure.hpp"
#include "image_roots.hpp"
#include "script_run.hpp"
#include "step_timer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/overlay_diff.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/run/host_platform.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kDeadline{2};

// What the sandbox or a runtime makes anew at every start, and where programs leave what nobody needs afterwards.
constexpr const char* kLeftOut[] = {"dev", "proc", "sys", "tmp", "run", "var/tmp", "etc/hosts", "etc/resolv.conf"};

/// A command's directories on the host: its inputs, and what it changed.
class CommandPlace {
 public:
  explicit CommandPlace(const fs::path& scratch) : directory_(scratch, "step-") {}
  fs::path inputs() const { return directory_.path() / "inputs"; }
  fs::path changes() const { return directory_.path() / "changes"; }
  fs::path scripts() const { return directory_.path() / "scripts"; }

  /// Copies with the modes and times that files of an image have: the host's own would show inside.
  void provide_inputs(const StepCommand& command, BlobStore& store, const Cancellation& cancellation) const {
    make_directories(inputs());
    if (!command.inputs.empty()) {
      FilesLayerParameters parameters;
      parameters.label = "inputs";
      parameters.epoch_seconds = command.epoch_seconds;
      parameters.deflate_level = 0;  // unpacked at once
      const FilesLayerRecipe recipe(command.inputs, parameters, command.open_input);
      const std::unique_ptr<Source> files = stream_layer(recipe, store, cancellation);
      unpack_layers({files.get()}, inputs(), cancellation);
    }
    for (const std::string& place : command.input_places) {
      const fs::path host = host_path(place);
      if (!fs::exists(fs::symlink_status(host))) make_directories(host);  // an empty directory
    }
  }
  fs::path host_path(const std::string& place) const { return inputs() / fs::path(place).relative_path(); }

 private:
  TempDir directory_;
};

/// What one run is made of, whatever the spec calls it.
struct Prepared {
  std::vector<std::string> argv;
  std::vector<fs::path> roots;
  std::vector<std::string> left_out;
};

SandboxJob job_of(const StepCommand& command, const CommandPlace& place, const Prepared& prepared) {
  SandboxJob job;
  job.roots = prepared.roots;
  job.changes = place.changes();
  for (const std::string& input : command.input_places) job.mounts.push_back({place.host_path(input), input, false});
  job.argv = prepared.argv;
  job.env = command.env;
  job.network = command.network;
  job.deadline = kDeadline;
  return job;
}

/// Inside there is one user, root, who is the caller outside. Directories that pass their group on give theirs.
OverlayRules rules_of(const Prepared& prepared, const fs::path& changes) {
  OverlayRules rules;
  rules.left_out = prepared.left_out;
  struct stat status {};
  if (::lstat(changes.c_str(), &status) != 0) throw_errno(errno, "look at", changes);
  rules.users = {{0, ::geteuid()}};
  rules.groups = {{0, ::getegid()}, {0, status.st_gid}};
  return rules;
}

void refuse_foreign_platform(const Step& step, const oci::Platform& platform) {
  if (platform.architecture == host_platform().architecture) return;
  throw Error(ErrorKind::Step, fmt::format("`{}` cannot run here: the image is for {}, this machine is {}", step.label,
                                           platform.to_string(), host_platform().to_string()))
      .at(step.command->location)
      .hint(
          "build this platform on a machine of its kind; what it keeps in a registry is taken from there "
          "(`--cache-from`)");
}

SandboxOutcome start(const SandboxJob& job, const StepCommand& command, const BuildContext& context) {
  try {
    return context.sandbox.run(job, context.cancellation);
  } catch (Error& error) {
    if (error.kind() != ErrorKind::Step) throw;
    error.at(command.location);
    const bool has_shell =
        job.argv.front() != "/bin/sh" || find_in_roots(job.roots, "bin/sh") || find_in_roots(job.roots, "usr/bin/sh");
    if (!has_shell)
      error.hint(command.scripts
                     ? "the base has no shell: take `flavor: slim`, or bring what the scripts call by `system.build`"
                     : "the image has no shell: write the command as a list, or take `flavor: slim` for the base");
    throw;
  }
}

Prepared prepare(const Step& step, const std::vector<ImageLayer>& below, const CommandPlace& place, BlobStore& layers,
                 const BuildRequest& request, const BuildContext& context) {
  const StepCommand& command = *step.command;
  Prepared prepared{command.argv, {}, {std::begin(kLeftOut), std::end(kLeftOut)}};
  bool needs_image = true;
  if (command.scripts) {
    PreparedScripts scripts = prepare_scripts(command, request.image->platform.architecture, place.scripts(), context);
    prepared.argv = std::move(scripts.argv);
    prepared.roots = std::move(scripts.roots);
    std::ranges::move(scripts.left_out, std::back_inserter(prepared.left_out));
    needs_image = command.scripts->root_packages.empty() && !prepared.argv.empty();
  }
  if (needs_image) {
    const ImageRoots roots(below, layers, context.store, context.threads, context.cancellation);
    std::ranges::copy(roots.paths(), std::back_inserter(prepared.roots));
  }
  for (const std::string& input : command.input_places) prepared.left_out.push_back(input.substr(1));
  return prepared;
}

/// Runs what is prepared and reads what it changed.
std::vector<OverlayEntry> changes_of(const Step& step, const Prepared& prepared, const CommandPlace& place,
                                     const BuildContext& context) {
  if (prepared.argv.empty()) return {};
  const SandboxOutcome outcome = start(job_of(*step.command, place, prepared), *step.command, context);
  if (!outcome.ok()) throw command_failure(step, outcome);
  return with_context([&] { return fmt::format("keeping what `{}` changed", step.label); },
                      [&] {
                        return read_overlay(place.changes(), prepared.roots, rules_of(prepared, place.changes()),
                                            context.cancellation);
                      });
}

}  // namespace

LayerFacts run_command(const Step& step, const std::vector<ImageLayer>& below, BlobStore& layers,
                       const BuildRequest& request, const BuildContext& context) {
  refuse_foreign_platform(step, request.image->platform);
  context.events.on(ActivityStarted{step.label});
  StepTimer timer(context.events, step.id, step.label);
  const StepCommand& command = *step.command;
  const CommandPlace place(context.store.root() / "tmp");
  place.provide_inputs(command, context.store, context.cancellation);
  const Prepared prepared = prepare(step, below, place, layers, request, context);
  const auto recipe = std::make_shared<OverlayLayerRecipe>(changes_of(step, prepared, place, context), *step.card,
                                                           step.label, command.epoch_seconds);
  const LayerFacts facts = make_layer(*packed(recipe, command.packing), context.store, context.cancellation);
  if (facts.entry_count == 0 && !prepared.argv.empty())
    context.events.on(WarningRaised{fmt::format("`{}` changed nothing in the image", step.label)});
  context.store.put(step.card->key(), to_json(facts));
  context.store.remember_card(step.id, *step.card);
  timer.finish(0, facts.size_bytes);
  return facts;
}

}  // namespace mlbuild
