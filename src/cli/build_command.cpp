#include "bases.hpp"
#include "commands.hpp"
#include "epoch.hpp"
#include "locking.hpp"
#include "push_targets.hpp"
#include "registry_caches.hpp"

#include "mlbuild/publish/sink.hpp"
#include "mlbuild/report/plan_text.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/run/check_image.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace mlbuild::cli {
namespace {

struct BuildOptions {
  std::string spec = "mlbuild.yaml";
  std::vector<std::string> tags;
  std::vector<std::string> outputs;
  std::vector<std::string> insecure_registries;
  std::vector<std::string> mount_from;
  std::vector<std::string> cache_from;
  std::vector<std::string> cache_to;
  std::string variant;
  std::vector<std::string> platforms;
  bool locked = false, explain = false, dry_run = false, force = false, push = false;
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

/// What one build knows of registries.
struct Registries {
  explicit Registries(const BuildOptions& options) : names(cache_names(options.cache_from, options.cache_to)) {}
  std::vector<std::string> places_of(const std::string& host, const BlobDigest& layer) const {
    std::vector<std::string> places = cache.repositories_of(host, layer);
    if (base && base->host == host && base_layers.contains(layer)) places.insert(places.begin(), base->repository);
    return places;
  }
  const CacheNames names;
  RegistryCache cache;
  std::vector<std::shared_ptr<CacheRepository>> kept;  ///< where layers are put for other images
  std::optional<oci::Reference> base;                  ///< when a registry has it
  std::set<BlobDigest> base_layers;
};

RegistryAccess access_to(const std::string& host, const BuildOptions& options, Registries& registries, World& world) {
  RegistryAccess access{world.http(), world.credentials()};
  access.options = world.registry_options(host);
  access.client = world.registry(host);
  access.mount_from = options.mount_from;
  access.places_of = [&registries, host](const BlobDigest& digest) { return registries.places_of(host, digest); };
  for (const auto* sources : {&registries.names.images, &registries.names.kept, &registries.names.repositories}) {
    for (const oci::Reference& source : *sources) {
      if (source.host == host) access.mount_from.push_back(source.repository);
    }
  }
  return access;
}

constexpr std::string_view kRegistry = "registry:";

/// "" for outputs that are no registry.
std::string registry_host(const std::string& output) {
  if (!output.starts_with(kRegistry)) return "";
  return output.substr(kRegistry.size(), output.find('/') - kRegistry.size());
}

std::unique_ptr<ImageSink> sink_for(const std::string& output, const BuildOptions& options, Registries& registries,
                                    World& world) {
  if (output == "daemon") {
    const DaemonAccess daemon{world.http(), daemon_sockets(whole_environment())};
    return make_sink(output, nullptr, &daemon);
  }
  const std::string host = registry_host(output);
  if (host.empty()) return make_sink(output);
  const RegistryAccess access = access_to(host, options, registries, world);
  return make_sink(output, &access);
}

struct Destination {
  std::string name;
  std::unique_ptr<ImageSink> sink;
  std::string host;  ///< of a registry
};

/// Lets registries have layers while others are being made. One repository of each registry: the others get the layers
/// from there by mount, when they are there.
class EarlyUploads final : public ReadyLayers {
 public:
  EarlyUploads(const std::vector<Destination>& places, std::string tag, World& world)
      : tag_(std::move(tag)), store_(world.store()), cancellation_(world.cancellation()) {
    std::set<std::string> hosts;
    for (const Destination& place : places) {
      if (!place.host.empty() && hosts.insert(place.host).second) sinks_.push_back(place.sink.get());
    }
  }
  void ready(const ImageLayer& layer) override {
    for (ImageSink* sink : sinks_) sink->prepare(layer, tag_, store_, cancellation_);
  }
  void check() override {
    for (ImageSink* sink : sinks_) sink->check_prepared();
  }

 private:
  std::vector<ImageSink*> sinks_;
  const std::string tag_;
  BlobStore& store_;
  const Cancellation& cancellation_;
};

std::vector<Destination> destinations(const BuildOptions& options, const Spec& spec, const std::string& default_tag,
                                      Registries& registries, World& world) {
  std::vector<Destination> places;
  for (const std::string& output : options.outputs)
    places.push_back({output, sink_for(output, options, registries, world), registry_host(output)});
  if (!options.push) return places;
  std::vector<oci::Reference> earlier;  // what was pushed to one repository need not be sent to the next
  for (const PushTarget& target : push_targets(options.tags, spec, default_tag)) {
    RegistryAccess access = access_to(target.where.host, options, registries, world);
    for (const oci::Reference& other : earlier) {
      if (other.host == target.where.host) access.mount_from.push_back(other.repository);
    }
    earlier.push_back(target.where);
    places.push_back(
        {target.where.to_string(), make_registry_sink(target.where, target.more_tags, access), target.where.host});
  }
  return places;
}

/// The repositories that the image goes to, with the tags that it gets there.
std::vector<PushTarget> registry_targets(const BuildOptions& options, const Spec& spec,
                                         const std::string& default_tag) {
  std::vector<PushTarget> targets;
  if (options.push) targets = push_targets(options.tags, spec, default_tag);
  for (const std::string& output : options.outputs) {
    if (!output.starts_with(kRegistry)) continue;
    oci::Reference where = oci::Reference::parse(output.substr(kRegistry.size()));
    if (where.tag.empty()) where.tag = oci::Reference::parse(image_tag(options, spec)).tag;
    if (where.tag.empty()) where.tag = "latest";
    targets.push_back({where, {}});
  }
  return targets;
}

/// What the user named as places to push to or to take from; what is forced asks nobody.
void read_caches(Registries& registries, const std::vector<PushTarget>& targets,
                 const std::vector<BuildRequest>& requests, World& world) {
  std::vector<oci::Platform> platforms;
  for (const BuildRequest& request : requests) platforms.push_back(request.image->platform);
  const bool is_forced = std::ranges::any_of(requests, &BuildRequest::force);
  CacheChoice choice{targets, registries.names};
  if (is_forced) choice.targets.clear(), choice.names.images.clear();
  registries.kept = read_registry_caches(registries.cache, choice, platforms, world);
}

/// Puts the layers that other images may want into the cache repositories.
void keep_layers(const std::vector<BuildResult>& results, const std::vector<PushTarget>& targets,
                 Registries& registries, BlobStore& store, World& world) {
  std::vector<ImageLayer> layers;
  for (const BuildResult& result : results) {
    layers.insert(layers.end(), result.shared_layers.begin(), result.shared_layers.end());
  }
  for (const std::shared_ptr<CacheRepository>& repository : registries.kept) {
    world.events().on(ActivityStarted{fmt::format("keeping layers in {}", repository->name())});
    std::vector<std::string> mount_from;
    for (const PushTarget& target : targets) {
      if (target.where.host == repository->client()->registry()) mount_from.push_back(target.where.repository);
    }
    repository->keep(layers, store, mount_from);
  }
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

/// The layers of a base in a registry are mounted from where they are.
void note_base(Registries& registries, const SpecVariant& variant) {
  const std::optional<ForeignBase>& base = variant.foreign_base;
  if (base && base->kind == ForeignBase::Kind::Image) registries.base = oci::Reference::parse(base->reference.value);
}

void note_base_layers(Registries& registries, const std::vector<BuildRequest>& requests) {
  for (const BuildRequest& request : requests) {
    if (!registries.base || !request.image->base_image) continue;
    for (const auto& layer : request.image->base_image->layers) registries.base_layers.insert(layer.blob.digest);
  }
}

int run_build(const BuildOptions& options, World& world) {
  const auto begin = std::chrono::steady_clock::now();
  world.set_insecure_registries(options.insecure_registries);
  Registries registries(options);
  std::vector<std::unique_ptr<ImageSink>> sinks;  // made once more later; what is wrong is told before any work
  for (const std::string& output : options.outputs) sinks.push_back(sink_for(output, options, registries, world));
  refuse_several_names(options);
  const Spec spec = read_spec(options.spec);
  if (options.push) push_targets(options.tags, spec, "latest");
  note_base(registries, spec.variant(options.variant));
  const LockPolicy policy = options.locked    ? LockPolicy::Locked
                            : options.dry_run ? LockPolicy::DryRun
                                              : LockPolicy::Update;
  const Lock lock = ensure_lock(spec, policy, world);
  const std::vector<BuildRequest> requests = requests_for(spec, lock, options);
  note_base_layers(registries, requests);
  for (const auto& sink : sinks) sink->check(requests.size());
  const std::string default_tag = lock_tag(to_json(lock));
  const std::vector<PushTarget> targets = registry_targets(options, spec, default_tag);
  read_caches(registries, targets, requests, world);
  if (options.dry_run) return show_plans(requests, registries.cache, options.explain, world);
  std::vector<BuildResult> results;
  const std::vector<Destination> places = destinations(options, spec, default_tag, registries, world);
  EarlyUploads early(places, image_tag(options, spec), world);
  BuildContext context = world.build_context();
  context.registry = &registries.cache;
  context.ready_layers = &early;
  for (const BuildRequest& request : requests) {
    results.push_back(build_image(request, context));
    if (options.explain && !world.json()) world.note(plan_text(results.back().first_plan, true));
  }
  context.ready_layers = nullptr;
  BaseBlobs bases(world.store());
  add_bases(bases, requests, world);
  BackedStore store(
      bases, registries.cache, [&](const BlobDigest& digest) { make_layer_again(digest, requests, results, context); },
      [&](std::string text) { world.events().on(WarningRaised{std::move(text)}); });
  for (std::size_t i = 0; i < requests.size(); ++i) check_image(results[i].image, requests[i], store, context);
  const std::vector<PublishResult> published = publish(results, places, image_tag(options, spec), store, world);
  keep_layers(results, targets, registries, store, world);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!results.empty()) results.back().seconds = seconds.count();
  if (const auto level = world.sandbox_level()) {
    for (BuildResult& result : results) result.sandbox_level = to_string(*level);
  }
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
                  "image in a registry, HOST/NAME:TAG, whose layers need not be made again; without a tag, a "
                  "repository that --cache-to fills; may be given more than once")
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
  command
      ->add_option("--cache-to", options->cache_to,
                   "repository in a registry, HOST/NAME, that keeps layers for other images; it is read, too; may be "
                   "given more than once")
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
