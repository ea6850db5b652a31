#include "bases.hpp"
#include "budgets.hpp"
#include "commands.hpp"
#include "destinations.hpp"
#include "epoch.hpp"
#include "library_gate.hpp"
#include "locking.hpp"
#include "sboms.hpp"
#include "shared_options.hpp"

#include "mlbuild/publish/image_name.hpp"
#include "mlbuild/report/plan_text.hpp"
#include "mlbuild/report/summary_markdown.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/run/check_image.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace mlbuild::cli {
namespace {

struct BuildOptions {
  std::string spec = "mlbuild.yaml";
  PublishOptions publish;
  std::vector<std::string> insecure_registries;
  std::string variant;
  std::vector<std::string> platforms, sboms;
  std::string summary;
  bool locked = false, explain = false, dry_run = false, force = false;
};

std::vector<BuildRequest> requests_for(const Spec& spec, const Lock& lock, const BuildOptions& options) {
  std::vector<BuildRequest> requests;
  for (const LockedImage* image : chosen_images(spec, lock, options.variant, options.platforms)) {
    BuildRequest request;
    request.spec = &spec;
    request.variant = &spec.variant(options.variant);
    request.image = image;
    request.epoch_seconds = epoch_from_environment();
    request.force = options.force;
    requests.push_back(request);
  }
  return requests;
}

int show_plans(const std::vector<BuildRequest>& requests, RegistryCache& registry, bool explain, World& world) {
  std::vector<Plan> plans;
  BuildContext context = world.plan_context();
  context.registry = &registry;
  for (const BuildRequest& request : requests) plans.push_back(plan_build(request, context));
  world.end_progress();
  if (world.json()) {
    world.print(plan_json(plans) + "\n");
    return 0;
  }
  for (const Plan& plan : plans) world.print(plan_text(plan, explain));
  return 0;
}

/// Makes a layer that a registry has lost, as if it had never been there.
void make_layer_again(const BlobDigest& digest, const std::vector<BuildRequest>& requests,
                      const std::vector<BuildResult>& results, const BuildContext& context) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool holds = std::ranges::any_of(results[i].image.layers,
                                           [&](const ImageLayer& layer) { return layer.facts.digest == digest; });
    if (holds) build_image(requests[i], context);
  }
}

void print_results(const std::vector<BuildResult>& results, const std::vector<PublishResult>& published,
                   const BuildOptions& options, const Spec& spec, World& world) {
  world.end_progress();
  if (world.json()) {
    world.print(build_summary_json(results, published) + "\n");
    return;
  }
  for (const BuildResult& result : results)
    world.note(build_summary_text(result, image_tag(options.publish, spec), published));
  if (published.empty()) world.note("  next    write it with `-o oci:DIR` or `-o docker:FILE.tar`, or `--push` it\n");
  if (!published.empty()) {
    world.print(published.front().digest.to_string() + "\n");
  } else {
    for (const BuildResult& result : results) world.print(result.image.manifest.digest.to_string() + "\n");
  }
}

/// For people who look at a pull request: to a file, and to the page of the CI job where it says where that is.
void write_summary(const std::vector<BuildResult>& results, const BuildOptions& options, const Spec& spec,
                   const Error* refused) {
  std::string text;
  for (const BuildResult& result : results)
    text += build_summary_markdown(result, image_tag(options.publish, spec), refused) + "\n";
  if (!options.summary.empty()) write_file_atomically(options.summary, text);
  const std::optional<std::string> page = environment_variable("GITHUB_STEP_SUMMARY");
  if (page && !page->empty()) std::ofstream(*page, std::ios::app) << text;
}

/// Names to push to are looked at with the spec.
void check_names(const BuildOptions& options) {
  if (options.publish.push) return;
  for (const std::string& tag : options.publish.tags) image_name(tag);
  if (options.publish.tags.size() < 2) return;
  throw Error(ErrorKind::Usage,
              fmt::format("`-t` is given {} times, but only `--push` knows several names", options.publish.tags.size()))
      .hint("keep one `-t`, or push");
}

bool writes_to_registry(const PublishOptions& publish) {
  return publish.push || std::ranges::any_of(publish.outputs, is_registry);
}

/// What would change nothing is a slip.
void refuse_idle_options(const BuildOptions& options) {
  if (!options.publish.mount_from.empty() && !writes_to_registry(options.publish)) {
    throw Error(ErrorKind::Usage, "`--mount-from` is for images that go to a registry, and this one does not")
        .hint("add `--push` or `-o registry:HOST/NAME:TAG`, or leave it out");
  }
  if (!options.summary.empty() && options.dry_run) {
    throw Error(ErrorKind::Usage, "`--summary` is about an image, and `--dry-run` makes none")
        .hint("leave one of them out");
  }
}

LockPolicy policy_of(const BuildOptions& options) {
  if (options.locked) return LockPolicy::Locked;
  return options.dry_run ? LockPolicy::DryRun : LockPolicy::Update;
}

std::vector<BuildResult> build_images(const std::vector<BuildRequest>& requests, const BuildOptions& options,
                                      const BuildContext& context, World& world) {
  std::vector<BuildResult> results;
  for (const BuildRequest& request : requests) {
    results.push_back(build_image(request, context));
    if (options.explain && !world.json()) world.note(plan_text(results.back().first_plan, true));
  }
  return results;
}

void check_images(const std::vector<BuildResult>& results, const std::vector<BuildRequest>& requests, BlobStore& layers,
                  const BuildContext& context, World& world) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    check_image_libraries(results[i].image, requests[i], layers, world);
    check_image(results[i].image, requests[i], layers, context);
  }
}

/// What the results do not know of themselves.
void complete(std::vector<BuildResult>& results, double seconds, const World& world) {
  if (!results.empty()) results.back().seconds = seconds;
  const auto level = world.sandbox_level();
  if (!level) return;
  for (BuildResult& result : results) result.sandbox_level = to_string(*level);
}

int run_build(const BuildOptions& options, World& world) {
  const auto begin = std::chrono::steady_clock::now();
  world.set_insecure_registries(options.insecure_registries);
  BuildRegistries registries(options.publish, world);
  // Made once more later; what is wrong is told before any work.
  const std::vector<Destination> outputs = output_destinations(options.publish, registries, world);
  refuse_idle_options(options);
  check_names(options);
  const std::vector<SbomForm> sboms = parse_sbom_forms(options.sboms);
  if (!options.dry_run) check_sbom_places(sboms, options.publish);
  const Spec spec = read_spec(options.spec);
  check_budget_place(spec, spec.variant(options.variant));  // slips in either are told before anything is locked
  if (options.publish.push) push_targets(options.publish.tags, spec, "latest");
  const Lock lock = ensure_lock(spec, policy_of(options), world);
  const std::vector<BuildRequest> requests = requests_for(spec, lock, options);
  registries.note_base(spec.variant(options.variant), requests);
  for (const Destination& output : outputs) output.sink->check(requests.size());
  const std::string default_tag = lock_tag(to_json(lock));
  const std::vector<PushTarget> targets = registry_targets(options.publish, spec, default_tag);
  registries.read_caches(targets, requests);
  if (options.dry_run) return show_plans(requests, registries.cache(), options.explain, world);
  const std::vector<Destination> places = destinations(options.publish, spec, default_tag, registries, world);
  EarlyUploads early(places, image_tag(options.publish, spec), world);
  BuildContext context = world.build_context();
  context.registry = &registries.cache();
  context.ready_layers = &early;
  std::vector<BuildResult> results = build_images(requests, options, context, world);
  context.ready_layers = nullptr;
  try {
    check_budgets(results, requests, targets, world);
  } catch (const Error& refused) {
    write_summary(results, options, spec, &refused);
    throw;
  }
  BaseBlobs bases(world.store());
  add_bases(bases, requests, world);
  BackedStore store(
      bases, registries.cache(),
      [&](const BlobDigest& digest) { make_layer_again(digest, requests, results, context); },
      [&](std::string text) { world.events().on(WarningRaised{std::move(text)}); });
  check_images(results, requests, store, context, world);
  const std::vector<PublishResult> published = publish(results, places, image_tag(options.publish, spec), store, world);
  write_sboms(sboms, results, requests, options.publish, targets, store, world);
  registries.keep_layers(results, targets, store);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  complete(results, seconds.count(), world);
  write_summary(results, options, spec, nullptr);
  print_results(results, published, options, spec, world);
  return 0;
}

void add_spec_and_choice(CLI::App& command, const std::shared_ptr<BuildOptions>& options) {
  command.add_option("SPEC", options->spec, "the spec (default: mlbuild.yaml)");
  command.add_option("--variant", options->variant, "build this variant of the spec");
  command.add_option("--platform", options->platforms, "only these of the spec's platforms, e.g. linux/amd64")
      ->delimiter(',');
  command.add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec (for CI)");
  command.add_flag("--explain", options->explain, "say why each step runs, with the place in your files");
  command.add_option("--cache-from", options->publish.cache_from,
                     "image in a registry, HOST/NAME:TAG, whose layers need not be made again; without a tag, a "
                     "repository that --cache-to fills; may be given more than once");
  add_insecure_registries(command, options->insecure_registries);
}

}  // namespace

void add_build_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<BuildOptions>();
  CLI::App* command = program.add_subcommand("build", "build the image that a spec describes");
  add_spec_and_choice(*command, options);
  command->add_option("-t,--tag", options->publish.tags,
                      "name of the image, e.g. churn-train:1.4 or registry.example/ml/churn-train:1.4; may be given "
                      "more than once when pushing");
  command->add_option(
      "-o,--output", options->publish.outputs,
      "where to write it: oci:DIR, docker:FILE.tar, registry:HOST/NAME:TAG, or daemon for the docker or podman "
      "of this machine; may be given more than once");
  command->add_flag(
      "--dry-run", options->dry_run,
      "show the plan, build nothing; only a missing or stale lock, which is worked out then, makes it fetch "
      "anything");
  command->add_flag("--force", options->force, "make every layer again");
  command->add_flag("--push", options->publish.push, "push to the registry that -t names, or the spec's `image`");
  command->add_option("--mount-from", options->publish.mount_from,
                      "repository of the same registry that may have layers already: they are linked, not sent");
  command->add_option(
      "--cache-to", options->publish.cache_to,
      "repository in a registry, HOST/NAME, that keeps layers for other images; it is read, too; may be "
      "given more than once");
  command->add_option("--summary", options->summary,
                      "write size, budget and largest packages to this file, as Markdown for a pull request; also "
                      "appended to what GITHUB_STEP_SUMMARY names");
  command
      ->add_option("--sbom", options->sboms,
                   "bills of materials, spdx or cyclonedx or both: beside each file or directory that is written, and "
                   "attached to what is pushed")
      ->delimiter(',');
  command->footer("example: mlbuild build specs/sklearn-train/mlbuild.yaml -o oci:out/sklearn-train");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_build(*options, world); }; });
}

void add_plan_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<BuildOptions>();
  options->dry_run = true;
  CLI::App* command = program.add_subcommand("plan", "show what a build would do and how many bytes it would fetch");
  add_spec_and_choice(*command, options);
  command->footer("example: mlbuild plan --explain specs/sklearn-train/mlbuild.yaml");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_build(*options, world); }; });
}

}  // namespace mlbuild::cli
