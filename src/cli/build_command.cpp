#include "commands.hpp"
#include "locking.hpp"
#include "push_targets.hpp"
#include "registry_caches.hpp"

#include "mlbuild/publish/sink.hpp"
#include "mlbuild/report/plan_text.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/build.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace mlbuild::cli {
namespace {

struct BuildOptions {
  std::string spec = "mlbuild.yaml";
  std::vector<std::string> tags;
  std::vector<std::string> outputs;
  std::vector<std::string> insecure_registries;
  std::vector<std::string> mount_from;
  std::vector<std::string> cache_from;
  std::string variant;
  std::vector<std::string> platforms;
  std::optional<oci::Reference> base;  ///< of the spec's variant, when a registry has it
  bool locked = false, explain = false, dry_run = false, force = false, push = false;
};

std::int64_t epoch_from_environment() {
  constexpr std::int64_t kDefault = 315532800;  // 1980-01-01: the first second that zip tools accept
  const std::optional<std::string> text = environment_variable("SOURCE_DATE_EPOCH");
  if (!text) return kDefault;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() || seconds < 0) {
    throw Error(ErrorKind::Usage, fmt::format("SOURCE_DATE_EPOCH is `{}`, which is no number of seconds", *text))
        .hint("unset it, or give seconds since 1970, e.g. 1704067200");
  }
  return seconds;
}

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

int show_plans(const std::vector<BuildRequest>& requests, const RegistryCache& registry, bool explain, World& world) {
  std::vector<Plan> plans;
  for (const BuildRequest& request : requests) plans.push_back(plan_build(request, world.store(), &registry));
  world.end_progress();
  if (world.json()) {
    world.print(plan_json(plans) + "\n");
    return 0;
  }
  for (const Plan& plan : plans) world.print(plan_text(plan, explain));
  return 0;
}

std::string image_tag(const BuildOptions& options, const Spec& spec) {
  if (!options.tags.empty()) return options.tags.front();
  return spec.name + ":latest";
}

RegistryAccess access_to(const std::string& host, const BuildOptions& options, World& world) {
  RegistryAccess access{world.http(), world.credentials()};
  access.options = registry_options(host, options.insecure_registries);
  access.mount_from = options.mount_from;
  if (options.base && options.base->host == host) access.base_repository = options.base->repository;
  for (const oci::Reference& source : cache_sources(options.cache_from)) {
    if (source.host == host) access.mount_from.push_back(source.repository);
  }
  return access;
}

constexpr std::string_view kRegistry = "registry:";

std::unique_ptr<ImageSink> sink_for(const std::string& output, const BuildOptions& options, World& world) {
  if (output == "daemon") {
    const DaemonAccess daemon{world.http(), daemon_sockets(whole_environment())};
    return make_sink(output, nullptr, &daemon);
  }
  if (!output.starts_with(kRegistry)) return make_sink(output);
  const std::string host = output.substr(kRegistry.size(), output.find('/') - kRegistry.size());
  const RegistryAccess access = access_to(host, options, world);
  return make_sink(output, &access);
}

struct Destination {
  std::string name;
  std::unique_ptr<ImageSink> sink;
};

std::vector<Destination> destinations(const BuildOptions& options, const Spec& spec, const std::string& default_tag,
                                      World& world) {
  std::vector<Destination> places;
  for (const std::string& output : options.outputs) places.push_back({output, sink_for(output, options, world)});
  if (!options.push) return places;
  std::vector<oci::Reference> earlier;  // what was pushed to one repository need not be sent to the next
  for (const PushTarget& target : push_targets(options.tags, spec, default_tag)) {
    RegistryAccess access = access_to(target.where.host, options, world);
    for (const oci::Reference& other : earlier) {
      if (other.host == target.where.host) access.mount_from.push_back(other.repository);
    }
    earlier.push_back(target.where);
    places.push_back({target.where.to_string(), make_registry_sink(target.where, target.more_tags, access)});
  }
  return places;
}

/// What the user named as places to push to or to take from; what is forced asks nobody.
void read_caches(RegistryCache& cache, const BuildOptions& options, const Spec& spec, const std::string& default_tag,
                 const std::vector<BuildRequest>& requests, World& world) {
  if (options.force) return;
  CacheChoice choice;
  if (options.push) choice.targets = push_targets(options.tags, spec, default_tag);
  for (const std::string& output : options.outputs) {
    if (!output.starts_with(kRegistry)) continue;
    oci::Reference where = oci::Reference::parse(output.substr(kRegistry.size()));
    if (where.tag.empty()) where.tag = oci::Reference::parse(image_tag(options, spec)).tag;
    if (where.tag.empty()) where.tag = "latest";
    choice.targets.push_back({where, {}});
  }
  choice.sources = cache_sources(options.cache_from);
  choice.insecure_registries = options.insecure_registries;
  std::vector<oci::Platform> platforms;
  for (const BuildRequest& request : requests) platforms.push_back(request.image->platform);
  read_registry_caches(cache, choice, platforms, world);
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

std::vector<PublishResult> publish(const std::vector<BuildResult>& results, const std::vector<Destination>& places,
                                   const std::string& tag, BlobStore& store, World& world) {
  std::vector<PublishResult> published;
  std::vector<Image> images;
  std::uint64_t bytes = 0;
  for (const BuildResult& result : results) {
    images.push_back(result.image);
    bytes += result.image.compressed_size_bytes();
  }
  const auto on_bytes = [&](std::uint64_t written) { world.events().on(BytesPublished{written}); };
  for (const Destination& place : places) {
    world.events().on(PublishStarted{place.name, bytes});
    published.push_back(
        with_context([&] { return fmt::format("writing the image to {}", place.name); },
                     [&] { return place.sink->put(images, tag, store, on_bytes, world.cancellation()); }));
  }
  return published;
}

void print_results(const std::vector<BuildResult>& results, const std::vector<PublishResult>& published,
                   const BuildOptions& options, const Spec& spec, World& world) {
  world.end_progress();
  if (world.json()) {
    world.print(build_summary_json(results, published) + "\n");
    return;
  }
  for (const BuildResult& result : results) world.note(build_summary_text(result, image_tag(options, spec), published));
  if (published.empty()) world.note("  next    write it with `-o oci:DIR` or `-o docker:FILE.tar`, or `--push` it\n");
  if (!published.empty()) {
    world.print(published.front().digest.to_string() + "\n");
  } else {
    for (const BuildResult& result : results) world.print(result.image.manifest.digest.to_string() + "\n");
  }
}

void refuse_several_names(const BuildOptions& options) {
  if (options.push || options.tags.size() < 2) return;
  throw Error(ErrorKind::Usage,
              fmt::format("`-t` is given {} times, but only `--push` knows several names", options.tags.size()))
      .hint("keep one `-t`, or push");
}

std::optional<oci::Reference> base_in_registry(const SpecVariant& variant) {
  const std::optional<ForeignBase>& base = variant.foreign_base;
  if (!base || base->kind != ForeignBase::Kind::Image) return std::nullopt;
  return oci::Reference::parse(base->reference.value);
}

/// Sinks take base layers from where they are.
void add_bases(BaseBlobs& blobs, const std::vector<BuildRequest>& requests, World& world) {
  for (const BuildRequest& request : requests) {
    if (request.image->base_image) {
      blobs.add(*request.image->base_image, world.open_base(*request.spec, *request.variant->foreign_base));
    }
  }
}

int run_build(BuildOptions options, World& world) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<ImageSink>> sinks;  // made once more later; what is wrong is told before any work
  for (const std::string& output : options.outputs) sinks.push_back(sink_for(output, options, world));
  refuse_several_names(options);
  const Spec spec = read_spec(options.spec);
  if (options.push) push_targets(options.tags, spec, "latest");
  cache_sources(options.cache_from);
  options.base = base_in_registry(spec.variant(options.variant));
  world.set_insecure_registries(options.insecure_registries);
  const LockPolicy policy = options.locked    ? LockPolicy::Locked
                            : options.dry_run ? LockPolicy::DryRun
                                              : LockPolicy::Update;
  const Lock lock = ensure_lock(spec, policy, world);
  const std::vector<BuildRequest> requests = requests_for(spec, lock, options);
  for (const auto& sink : sinks) sink->check(requests.size());
  const std::string default_tag = lock_tag(to_json(lock));
  RegistryCache registry;
  read_caches(registry, options, spec, default_tag, requests, world);
  if (options.dry_run) return show_plans(requests, registry, options.explain, world);
  std::vector<BuildResult> results;
  BuildContext context = world.build_context();
  context.registry = &registry;
  for (const BuildRequest& request : requests) {
    results.push_back(build_image(request, context));
    if (options.explain && !world.json()) world.note(plan_text(results.back().first_plan, true));
  }
  const std::vector<Destination> places = destinations(options, spec, default_tag, world);
  BaseBlobs bases(world.store());
  add_bases(bases, requests, world);
  BackedStore store(
      bases, registry, [&](const BlobDigest& digest) { make_layer_again(digest, requests, results, context); },
      [&](std::string text) { world.events().on(WarningRaised{std::move(text)}); });
  const std::vector<PublishResult> published = publish(results, places, image_tag(options, spec), store, world);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!results.empty()) results.back().seconds = seconds.count();
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
  command
      .add_option("--cache-from", options->cache_from,
                  "image in a registry, HOST/NAME:TAG, whose layers need not be made again; may be given more than "
                  "once")
      ->allow_extra_args(false);
  command
      .add_option("--insecure-registry", options->insecure_registries,
                  "HOST[:PORT] to speak http with; loopback needs none")
      ->allow_extra_args(false);
}

}  // namespace

void add_build_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<BuildOptions>();
  CLI::App* command = program.add_subcommand("build", "build the image that a spec describes");
  add_spec_and_choice(*command, options);
  command
      ->add_option("-t,--tag", options->tags,
                   "name of the image, e.g. churn-train:1.4 or registry.example/ml/churn-train:1.4; may be given "
                   "more than once when pushing")
      ->allow_extra_args(false);
  command
      ->add_option(
          "-o,--output", options->outputs,
          "where to write it: oci:DIR, docker:FILE.tar, registry:HOST/NAME:TAG, or daemon for the docker or podman "
          "of this machine; may be given more than once")
      ->allow_extra_args(false);
  command->add_flag("--dry-run", options->dry_run, "show the plan, fetch and write nothing");
  command->add_flag("--force", options->force, "make every layer again");
  command->add_flag("--push", options->push, "push to the registry that -t names, or the spec's `image`");
  command
      ->add_option("--mount-from", options->mount_from,
                   "repository of the same registry that may have layers already: they are linked, not sent")
      ->allow_extra_args(false);
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
