#include "bases.hpp"
#include "commands.hpp"
#include "epoch.hpp"
#include "locking.hpp"
#include "run_options.hpp"

#include "mlbuild/run/gpu.hpp"
#include "mlbuild/run/host_platform.hpp"
#include "mlbuild/run/pulled_image.hpp"
#include "mlbuild/run/start_image.hpp"
#include "mlbuild/sys/signal_relay.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGWINCH is POSIX

#include <filesystem>
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

/// An image that is kept somewhere, instead of a spec.
struct NamedImage {
  ForeignBase::Kind kind = ForeignBase::Kind::Image;
  std::string reference;
};

/// "oci:DIR[:TAG]", "archive:FILE" or the name of an image in a registry; nothing for the path of a spec. What is a
/// file is a spec, whatever it looks like.
std::optional<NamedImage> named_image(const std::string& text) {
  constexpr std::string_view kOci = "oci:";
  constexpr std::string_view kArchive = "archive:";
  if (text.starts_with(kOci)) return NamedImage{ForeignBase::Kind::Oci, text.substr(kOci.size())};
  if (text.starts_with(kArchive)) return NamedImage{ForeignBase::Kind::Archive, text.substr(kArchive.size())};
  std::error_code ignored;
  const bool is_path = std::filesystem::exists(text, ignored) || text.ends_with(".yaml") || text.ends_with(".yml") ||
                       text.starts_with('/') || text.starts_with('.');
  const std::size_t slash = text.find('/');
  const bool names_host = slash != std::string::npos && text.find_first_of(".:") < slash;
  const bool names_tag = text.find_first_of(":@") != std::string::npos;
  if (is_path || (!names_host && !names_tag)) return std::nullopt;
  return NamedImage{ForeignBase::Kind::Image, text};
}

StartOptions start_options(const RunOptions& options, const World& world) {
  StartOptions start;
  start.arguments = world.trailing_arguments();
  for (const std::string& text : options.mounts) start.mounts.push_back(parse_mount(text));
  for (const std::string& text : options.env) start.env.insert(parse_variable(text));
  if (!options.memory.empty()) start.memory_bytes = parse_memory(options.memory);
  start.processors = options.processors;
  start.network = options.network == "host";
  if (!options.gpu) return start;
  Gpu gpu = find_gpu();
  start.devices = std::move(gpu.devices);
  start.mounts.insert(start.mounts.end(), gpu.mounts.begin(), gpu.mounts.end());
  return start;
}

BuildRequest request_for(const Spec& spec, const Lock& lock, const std::string& variant) {
  const std::string platform = host_platform().to_string();
  BuildRequest request;
  request.spec = &spec;
  request.variant = &spec.variant(variant);
  request.image = chosen_images(spec, lock, variant, {platform}).front();
  request.epoch_seconds = epoch_from_environment();
  return request;
}

/// What is started, and where the bytes of its layers are.
struct ReadyImage {
  explicit ReadyImage(BlobStore& store) : layers(store) {}
  Image image;
  BaseBlobs layers;
};

void open_named(const NamedImage& named, const BuildContext& context, ReadyImage& ready, World& world) {
  context.events.on(ActivityStarted{fmt::format("reading the image {}", named.reference)});
  const std::shared_ptr<BaseSource> source =
      world.open_image(named.kind, named.reference, std::filesystem::current_path());
  ready.image = with_context([&] { return fmt::format("reading the image `{}`", named.reference); },
                             [&] { return open_pulled_image(source, host_platform(), ready.layers); });
}

void build_from_spec(const RunOptions& options, const BuildContext& context, ReadyImage& ready, World& world) {
  const Spec spec = read_spec(options.spec);
  spec.variant(options.variant);
  const Lock lock = ensure_lock(spec, options.locked ? LockPolicy::Locked : LockPolicy::Update, world);
  const BuildRequest request = request_for(spec, lock, options.variant);
  ready.image = build_image(request, context).image;
  add_bases(ready.layers, {request}, world);
}

int run_image(const RunOptions& options, World& world) {
  StartOptions start = start_options(options, world);
  world.set_insecure_registries(options.insecure_registries);
  const BuildContext context = world.build_context();
  ReadyImage ready(world.store());
  if (const std::optional<NamedImage> named = named_image(options.spec)) {
    open_named(*named, context, ready, world);
  } else {
    build_from_spec(options, context, ready, world);
  }
  world.end_progress();
  const SignalRelay relay({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH});
  start.signals = relay.descriptor();
  const SandboxOutcome outcome = start_image(ready.image, start, ready.layers, context);
  if (outcome.end == SandboxOutcome::End::MemoryExceeded)
    world.note(fmt::format("the command was ended: it needed more memory than `--memory {}` allows\n", options.memory));
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
  command->add_option("--mount", options->mounts, "HOST:INSIDE[:ro], a file or directory of this machine")
      ->allow_extra_args(false);
  command->add_option("--env", options->env, "NAME=value, or NAME to pass on the value that it has here")
      ->allow_extra_args(false);
  command->add_option("--cpus", options->processors, "processors that it may use, e.g. 1.5")
      ->check(CLI::PositiveNumber);
  command->add_option("--memory", options->memory, "memory that it may use, e.g. 4g");
  command->add_option("--network", options->network, "host (default) or none")->check(CLI::IsMember({"host", "none"}));
  command->add_flag("--gpu", options->gpu, "with this machine's NVIDIA GPUs: their devices and the driver's libraries");
  command
      ->add_option("--insecure-registry", options->insecure_registries,
                   "HOST[:PORT] to speak http with; loopback needs none")
      ->allow_extra_args(false);
  command->add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec");
  command->footer("example: mlbuild run specs/sklearn-train/mlbuild.yaml --cpus 2 --memory 4g");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_image(*options, world); }; });
}

}  // namespace mlbuild::cli
