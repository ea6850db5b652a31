#include "mlbuild/run/build.hpp"

#include "app_files.hpp"
#include "bytecode_place.hpp"
#include "collision_check.hpp"
#include "command_run.hpp"
#include "input_fetcher.hpp"
#include "layer_run.hpp"
#include "step_timer.hpp"
#include "store_lookups.hpp"

#include "mlbuild/layer/files_layer.hpp"
#include "mlbuild/layer/unpacked_debs.hpp"
#include "mlbuild/lock/resolve.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/build_record.hpp"
#include "mlbuild/run/cuda.hpp"
#include "mlbuild/run/sdist_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace mlbuild {
namespace {

/// Everything of a build that does not change between its plans.
struct PreparedBuild {
  HashedAppFiles app;
  PlanRequest plan_request;
};

PreparedBuild prepare(const BuildRequest& request) {
  PreparedBuild prepared;
  prepared.app = hash_app_files(list_app_files(*request.spec, *request.variant));
  PlanRequest& plan = prepared.plan_request;
  plan.spec_name = request.spec->name;
  plan.variant = request.variant;
  plan.image = request.image;
  plan.app_files = prepared.app.files;
  plan.open_app_file = prepared.app.open;
  for (const CommandStep& step : request.variant->steps) {
    HashedAppFiles inputs = hash_app_files(list_files(*request.spec, step.inputs));
    plan.command_inputs.push_back({std::move(inputs.files), std::move(inputs.open)});
  }
  plan.epoch_seconds = request.epoch_seconds;
  plan.force_layers = plan.force_sdists = request.force;
  return prepared;
}

std::vector<const Step*> steps_to_run(const Plan& plan, StepKind kind) {
  std::vector<const Step*> steps;
  for (const Step& step : plan.steps) {
    if (step.kind == kind && step.state == StepState::Run) steps.push_back(&step);
  }
  return steps;
}

/// Files of the application belong to one image: no other asks for their layer.
bool is_shared(const Step& layer) { return layer.card && layer.card->kind() != kFilesLayerKind; }

/// The layers that would be made although a cache repository may have them.
std::vector<StepKey> keys_to_make(const Plan& plan) {
  std::vector<StepKey> keys;
  for (const StepKind kind : {StepKind::Layer, StepKind::Command}) {
    for (const Step* step : steps_to_run(plan, kind)) {
      if (is_shared(*step) && !std::holds_alternative<Forced>(step->reason)) keys.push_back(step->card->key());
    }
  }
  return keys;
}

/// Cache repositories are asked when it is known what would have to be made without them.
Plan plan_with_registry(const PlanRequest& request, StoreLookups& lookups, RegistryCache* registry) {
  Plan plan = make_plan(request, lookups);
  while (registry != nullptr && registry->ask(keys_to_make(plan))) plan = make_plan(request, lookups);
  return plan;
}

std::uint64_t sum_input_bytes(const std::vector<const Step*>& steps) {
  std::uint64_t sum = 0;
  for (const Step* step : steps) sum += step->input_bytes();
  return sum;
}

bool contains_id(const std::vector<const Step*>& steps, const std::string& id) {
  return std::ranges::find(steps, id, &Step::id) != steps.end();
}

/// What is to be done as far as one can tell before it is known what source distributions become.
std::vector<const Step*> steps_that_may_run(const Plan& plan) {
  std::vector<const Step*> steps;
  for (const Step& step : plan.steps) {
    const bool is_missing = step.state == StepState::Run || step.state == StepState::Open;
    if (is_missing && step.kind != StepKind::Command) steps.push_back(&step);
  }
  return steps;
}

void announce(const std::vector<const Step*>& steps, EventSink& events) {
  events.on(WorkKnown{missing_bytes(steps), sum_input_bytes(steps)});
}

void run_sdist(const Step& step, const BuildRequest& request, const std::shared_ptr<UnpackedDebs>& unpacked_debs,
               const BuildContext& context) {
  context.events.on(ActivityStarted{step.label});
  StepTimer timer(context.events, step.id, step.label);
  SdistBuildInputs inputs = sdist_build_inputs(*request.image, *step.sdist, request.epoch_seconds);
  inputs.unpacked_debs = unpacked_debs;
  const BuiltWheel wheel =
      with_context([&] { return fmt::format("building {}", step.sdist->sdist.filename); },
                   [&] { return build_sdist(inputs, context.store, context.sandbox, context.cancellation); });
  context.store.remember_card(step.id, *step.card);
  timer.finish(step.input_bytes(), wheel.size_bytes);
}

/// The notes about the builds from source behind a layer: whatever made the layer, the image says the same.
std::vector<BuiltWheelNote> built_wheels(const Step& layer, const Plan& plan) {
  std::vector<BuiltWheelNote> notes;
  for (const Step& step : plan.steps) {
    if (std::ranges::find(layer.built_from, step.id) == layer.built_from.end()) continue;
    if (!step.wheel) throw Error(ErrorKind::Internal, fmt::format("no wheel of `{}` is known", step.id));
    notes.push_back({step.card->key(), step.wheel->filename, step.wheel->digest});
  }
  return notes;
}

/// Commands need the layers below them, which the store may have lost since they were found or made.
void check_nothing_lost(const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (step.kind != StepKind::Layer || step.facts) continue;
    throw Error(ErrorKind::Io, fmt::format("the store no longer has `{}`", step.label))
        .hint("run the build again; `mlbuild store verify` tells whether more is lost");
  }
}

std::vector<ImageLayer> image_layers(const Plan& plan, const std::map<std::string, LayerFacts>& made) {
  std::vector<ImageLayer> layers;
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::BuildSdist) continue;
    layers.push_back({step.facts ? *step.facts : made.at(step.id), step.card->key(), step.label,
                      built_wheels(step, plan), step.kind == StepKind::BaseLayer, step.hides_lower});
  }
  return layers;
}

std::vector<ImageLayer> shared_layers(const Plan& plan, const std::vector<ImageLayer>& layers) {
  std::vector<ImageLayer> shared;
  auto layer = layers.begin();
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::BuildSdist) continue;
    if (step.kind != StepKind::BaseLayer && is_shared(step)) shared.push_back(*layer);
    ++layer;
  }
  return shared;
}

/// Before anything runs: what the store has may go its way while the rest is made. Nothing is told of when nothing is
/// to be made, since the whole image follows at once then.
void tell_of_cached_layers(const Plan& plan, const BuildContext& context) {
  const bool runs = std::ranges::any_of(plan.steps, [](const Step& step) { return step.state == StepState::Run; });
  if (context.ready_layers == nullptr || !runs) return;
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::BuildSdist || step.kind == StepKind::BaseLayer || step.state != StepState::Cached)
      continue;
    context.ready_layers->ready({*step.facts, step.card->key(), step.label, {}});
  }
}

std::size_t layers_in_registry(const Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count_if(plan.steps, [](const Step& step) {
    return step.kind != StepKind::BuildSdist && step.state == StepState::Registry;
  }));
}

/// What another spec or an earlier run made counts as made here: a later change is told against it.
void remember_cards(const Plan& plan, DiskStore& store) {
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::BaseLayer || step.state == StepState::Run || step.state == StepState::Open) continue;
    const std::optional<KeyCard> last = store.last_card(step.id);
    if (!last || last->to_json() != step.card->to_json()) store.remember_card(step.id, *step.card);
  }
}

void keep_blob(BlobStore& store, const oci::Descriptor& descriptor, std::string_view json) {
  if (store.find(descriptor.digest)) return;
  const std::unique_ptr<BlobWriter> writer = store.begin();
  writer->write(as_bytes(json));
  writer->commit(descriptor.digest);
}

/// What the parts of one build share.
struct BuildState {
  PlanRequest again;  ///< what was made so far is in it
  StoreLookups& lookups;
  const BuildRequest& request;
  const InputFetcher& fetcher;
  const BuildContext& context;
  Cancellation& stop;
  BuildResult& result;
  std::set<BlobDigest> lost = {};  ///< layers that had to be made because nobody has them any more

  Plan plan() { return plan_with_registry(again, lookups, context.registry); }
};

/// All layers of `first` but those of commands, and the builds from source that some of them wait for; `plan` is then
/// the one that knows what these became.
std::map<std::string, LayerFacts> make_layers(const Plan& first, Plan& plan, BuildState& build) {
  const std::vector<const Step*> layers = steps_to_run(first, StepKind::Layer);
  SdistRun sdists{steps_to_run(first, StepKind::BuildSdist),
                  [&](const Step& step) { run_sdist(step, build.request, build.again.unpacked_debs, build.context); },
                  {}};
  // The same bytes as before give the same keys: what waited is decided by content, so it may be cached after all.
  const auto layers_that_waited = [&] {
    for (const Step* step : sdists.steps) build.again.made.insert(step->id);
    plan = build.plan();
    if (!plan.complete())
      throw Error(ErrorKind::Internal, "a source distribution was built but its wheel is not known");
    std::vector<const Step*> more = steps_to_run(plan, StepKind::Layer);
    std::erase_if(more, [&](const Step* step) { return contains_id(layers, step->id); });
    build.result.fetched_bytes += missing_bytes(more);
    return more;
  };
  if (!first.complete()) sdists.then = layers_that_waited;
  std::vector<const Step*> first_steps = sdists.steps;
  first_steps.insert(first_steps.end(), layers.begin(), layers.end());
  build.result.fetched_bytes += missing_bytes(first_steps);
  announce(steps_that_may_run(first), build.context.events);
  std::map<std::string, LayerFacts> made = run_layers(layers, sdists, build.fetcher, build.context, build.stop);
  build.result.layers_made += made.size();
  return made;
}

/// The layers of the image so far. All are known: a command that must run has a card.
std::vector<ImageLayer> layers_below(const Plan& plan, const Step& command) {
  std::vector<ImageLayer> layers;
  for (const Step& step : plan.steps) {
    if (step.id == command.id) break;
    if (step.kind == StepKind::BuildSdist) continue;
    layers.push_back(
        {step.facts.value(), step.card->key(), step.label, {}, step.kind == StepKind::BaseLayer, step.hides_lower});
  }
  return layers;
}

/// A command needs the files of a layer whose registry has just been found not to have it any more.
struct LayerLost {
  BlobDigest digest;
};

/// The bytes of layers wherever they are: commands need the files of what nobody made here, too.
class LayersAnywhere {
 public:
  LayersAnywhere(const BuildRequest& request, const BuildContext& context)
      : bases_(context.store),
        backed_(
            bases_, registry_or_none(context), [](const BlobDigest& digest) { throw LayerLost{digest}; },
            [&context](std::string text) { context.events.on(WarningRaised{std::move(text)}); }) {
    const std::optional<LockedBaseImage>& base = request.image->base_image;
    if (base) bases_.add(*base, context.open_base(*request.spec, *request.variant->foreign_base));
  }
  BlobStore& store() { return backed_; }

 private:
  RegistryCache& registry_or_none(const BuildContext& context) {
    return context.registry == nullptr ? none_ : *context.registry;
  }
  RegistryCache none_;
  BaseBlobs bases_;
  BackedStore backed_;
};

/// As if no registry had ever had the layer that is lost.
Plan make_lost_layer(const LayerLost& lost, BuildState& build) {
  if (!build.lost.insert(lost.digest).second)
    throw Error(ErrorKind::Io, fmt::format("the store does not keep layer {}", lost.digest.to_string()))
        .hint("is somebody else removing its files? run the build again");
  const Plan first = build.plan();
  Plan plan = first;
  for (const auto& [id, facts] : make_layers(first, plan, build)) build.again.made.insert(id);
  return build.plan();
}

void run_next_command(const Plan& plan, const Step& next, LayersAnywhere& layers, BuildState& build) {
  const BuildContext& context = build.context;
  build.result.fetched_bytes += fetch_all(missing_inputs({&next}), build.fetcher);
  const LayerFacts facts = run_command(next, layers_below(plan, next), layers.store(), build.request, context);
  if (context.ready_layers != nullptr) context.ready_layers->ready({facts, next.card->key(), next.label, {}});
  ++build.result.layers_made;
  build.again.made.insert(next.id);
}

/// Commands run one after another, each when it is known what lies below it: what one makes decides whether the next
/// one runs.
Plan run_commands(BuildState& build) {
  std::optional<LayersAnywhere> layers;
  Plan plan = build.plan();
  for (;;) {
    check_nothing_lost(plan);
    const std::vector<const Step*> commands = steps_to_run(plan, StepKind::Command);
    if (commands.empty()) return plan;
    if (!layers) layers.emplace(build.request, build.context);
    try {
      run_next_command(plan, *commands.front(), *layers, build);
      plan = build.plan();
    } catch (const LayerLost& lost) {
      plan = make_lost_layer(lost, build);
    }
  }
}

bool makes_bytecode(const Plan& plan) {
  return std::ranges::any_of(plan.steps, [](const Step& step) {
    const bool is_missing = step.state == StepState::Run || step.state == StepState::Open;
    return step.is_bytecode && is_missing;
  });
}

enum class AskBase { No, Yes };

/// All of the image's bytecode or none, so that there are two images at most that a lock can give.
Plan plan_with_bytecode(PreparedBuild& prepared, StoreLookups& lookups, const BuildRequest& request,
                        const BuildContext& context, AskBase ask_base) {
  Plan plan = plan_with_registry(prepared.plan_request, lookups, context.registry);
  const bool must_run = makes_bytecode(plan);
  auto why = why_no_bytecode(request, must_run, context);
  if (!why && must_run && ask_base == AskBase::Yes) why = why_base_cannot_compile(request, context);
  if (why) {
    prepared.plan_request.bytecode = false;
    plan = plan_with_registry(prepared.plan_request, lookups, context.registry);
    plan.no_bytecode = std::move(why);
  }
  if (plan.no_bytecode)
    context.events.on(WarningRaised{fmt::format("the image gets no bytecode: {}", *plan.no_bytecode)});
  if (plan.over_max) context.events.on(WarningRaised{*plan.over_max});
  return plan;
}

/// What fails ends this build, and nothing else that the user may have asked for.
BuildContext stopped_by(const Cancellation& stop, const BuildContext& whole) {
  return {whole.store,  whole.http,    whole.sandbox,  whole.site,         stop,
          whole.events, whole.threads, whole.registry, whole.ready_layers, whole.open_base};
}

/// With the build, whose cancellation they hear of, and not with the plan, which goes out with the result.
struct InterpretersEnd {
  SandboxCompiler& compiler;
  ~InterpretersEnd() { compiler.end_interpreters(); }
};

/// A registry keeps what its digest names; files may have been written again.
void check_base(const BuildRequest& request, const BuildContext& context) {
  if (!request.image->base_image || request.image->base_image->kind == "image") return;
  check_base_unchanged(*request.spec, *request.variant, *request.image,
                       *context.open_base(*request.spec, *request.variant->foreign_base));
}

}  // namespace

Plan plan_build(const BuildRequest& request, const BuildContext& context) {
  PreparedBuild prepared = prepare(request);
  StoreLookups lookups(context.store, context.registry, request.epoch_seconds);
  return plan_with_bytecode(prepared, lookups, request, context, AskBase::No);
}

BuildResult build_image(const BuildRequest& request, const BuildContext& whole) {
  Cancellation stop(&whole.cancellation);
  const BuildContext context = stopped_by(stop, whole);
  const auto begin = std::chrono::steady_clock::now();
  check_base(request, context);
  check_cuda(*request.variant, *request.image, context.events);
  PreparedBuild prepared = prepare(request);
  const auto unpacked_debs = std::make_shared<UnpackedDebs>(context.store.root() / "tmp", context.threads);
  prepared.plan_request.unpacked_debs = unpacked_debs;
  const auto compiler = make_bytecode_compiler(request, context, unpacked_debs);
  const InterpretersEnd interpreters_end{*compiler};
  prepared.plan_request.compiler = compiler;
  StoreLookups lookups(context.store, context.registry, request.epoch_seconds);
  const InputFetcher fetcher(request, context);
  BuildResult result;
  result.first_plan = plan_with_bytecode(prepared, lookups, request, context, AskBase::Yes);
  tell_of_cached_layers(result.first_plan, context);
  Plan plan = result.first_plan;
  BuildState state{prepared.plan_request, lookups, request, fetcher, context, stop, result};
  const std::map<std::string, LayerFacts> made = make_layers(result.first_plan, plan, state);
  check_collisions(plan, install_scheme(*request.image), request.variant->prune, context);
  if (std::ranges::any_of(plan.steps, [](const Step& step) { return step.command.has_value(); })) {
    for (const auto& [id, facts] : made) state.again.made.insert(id);
    plan = run_commands(state);
  }
  if (const std::size_t decoded = unpacked_debs->decoded(); decoded > 0) context.events.on(DebsUnpacked{decoded});
  unpacked_debs->forget();
  remember_cards(plan, context.store);
  const std::optional<LockedBaseImage>& base = request.image->base_image;
  result.image = compose_image(image_layers(plan, made), with_cuda(*request.variant, *request.image),
                               request.image->platform, request.epoch_seconds, base ? &base->config : nullptr,
                               to_annotation(build_record(request, prepared.plan_request.bytecode)));
  result.shared_layers = shared_layers(plan, result.image.layers);
  result.layers_in_registry = layers_in_registry(plan);
  result.layers_reused = result.image.layers.size() - result.layers_made - result.layers_in_registry;
  keep_blob(context.store, result.image.config, result.image.config_json);
  keep_blob(context.store, result.image.manifest, result.image.manifest_json);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace mlbuild
