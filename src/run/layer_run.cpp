#include "layer_run.hpp"

#include "step_timer.hpp"

#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace mlbuild {
namespace {

/// Layers whose bytes are compressed anew (.debs: xz, then deflate) cost about 20 times what transmuxed ones do per
/// byte of input: 3 s for a base of 31 MB, as long as a wheel of 600 MB.
constexpr std::uint64_t kCompressingWork = 20;

/// For the order of the work only: the longest first, so that none is left alone at the end. Steps that share a wheel
/// are its parts: each does its share of it.
class WorkOrder {
 public:
  explicit WorkOrder(const std::vector<const Step*>& steps) {
    for (const Step* step : steps) {
      if (!step->recipe->is_virtual()) continue;
      for (const StepInput& input : step->inputs) ++parts_[input.digest];
    }
  }
  bool operator()(const Step* a, const Step* b) const { return expected_work(*a) > expected_work(*b); }

 private:
  std::uint64_t expected_work(const Step& step) const {
    if (!step.recipe->is_virtual()) return step.input_bytes() * kCompressingWork;
    std::uint64_t work = 0;
    for (const StepInput& input : step.inputs) work += input.size_bytes / parts_.at(input.digest);
    return work;
  }

  std::map<BlobDigest, std::uint64_t> parts_;
};

/// Which steps wait for which downloads. A step whose last download arrives goes to the pool of its kind.
class LayerRun {
 public:
  LayerRun(const SdistRun& sdists, const InputFetcher& fetcher, const BuildContext& context, Cancellation& stop)
      : sdist_run_(sdists),
        fetcher_(fetcher),
        context_(context),
        stop_(stop),
        layers_(context.threads),
        sdists_(1),
        downloads_(kParallelDownloads) {}

  std::map<std::string, LayerFacts> run(const std::vector<const Step*>& layers) {
    try {
      return run_all(layers);
    } catch (...) {
      fail();
      std::rethrow_exception(failure_);
    }
  }

 private:
  std::map<std::string, LayerFacts> run_all(const std::vector<const Step*>& layers) {
    std::vector<const Step*> steps = sdist_run_.steps;  // first: others wait for them
    const std::vector<const Step*> sorted = longest_first(layers);
    steps.insert(steps.end(), sorted.begin(), sorted.end());
    begin(steps);
    downloads_.wait();
    sdists_.wait();
    if (sdist_run_.then) begin(longest_first(sdist_run_.then()));
    downloads_.wait();
    layers_.wait();
    return std::move(facts_);
  }

  static std::vector<const Step*> longest_first(std::vector<const Step*> layers) {
    const WorkOrder order(layers);
    std::ranges::stable_sort(layers, std::cref(order));
    return layers;
  }

  void begin(const std::vector<const Step*>& steps) {
    const std::vector<StepInput> missing = missing_inputs(steps);
    for (const Step* step : steps) register_step(*step);
    for (const StepInput& input : missing) {
      downloads_.submit([this, input] {
        run_or_fail([&] {
          check_ready();
          fetcher_.fetch(input);
          arrived(input.digest);
        });
      });
    }
  }

  void register_step(const Step& step) {
    std::set<BlobDigest> waits;
    for (const StepInput& input : step.inputs) {
      if (!input.present) waits.insert(input.digest);
    }
    if (waits.empty()) {
      start(step);
      return;
    }
    const std::lock_guard lock(mutex_);
    pending_[&step] = waits.size();
    for (const BlobDigest& digest : waits) waiting_[digest].push_back(&step);
  }

  void arrived(const BlobDigest& digest) {
    std::vector<const Step*> ready;
    {
      const std::lock_guard lock(mutex_);
      for (const Step* step : waiting_[digest]) {
        if (--pending_[step] == 0) ready.push_back(step);
      }
    }
    for (const Step* step : ready) start(*step);
  }

  void start(const Step& step) {
    const bool is_layer = step.kind == StepKind::Layer;
    (is_layer ? layers_ : sdists_).submit([this, &step, is_layer] {
      run_or_fail([&] {
        stop_.check();
        check_ready();
        if (!is_layer) return sdist_run_.build(step);
        keep(step,
             with_context([&] { return fmt::format("making layer `{}`", step.label); }, [&] { return make(step); }));
      });
    });
  }

  void run_or_fail(const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      fail();
      throw;
    }
  }

  /// In a handler. Remembers the first failure before it stops the others: theirs only say that they were stopped.
  void fail() {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    stop_.request();
  }

  void check_ready() const {
    if (context_.ready_layers != nullptr) context_.ready_layers->check();
  }

  void keep(const Step& step, LayerFacts facts) {
    if (context_.ready_layers != nullptr) context_.ready_layers->ready({facts, step.card->key(), step.label, {}});
    const std::lock_guard lock(mutex_);
    facts_.emplace(step.id, std::move(facts));
  }

  LayerFacts make(const Step& step) {
    StepTimer timer(context_.events, step.id, step.label);
    LayerFacts facts = make_layer(*step.recipe, context_.store, context_.cancellation);
    context_.store.put(step.card->key(), to_json(facts));
    context_.store.remember_card(step.id, *step.card);
    for (const std::string& warning : facts.warnings) context_.events.on(WarningRaised{warning});
    timer.finish(step.input_bytes(), facts.size_bytes);
    return facts;
  }

  const SdistRun& sdist_run_;
  const InputFetcher& fetcher_;
  const BuildContext& context_;
  Cancellation& stop_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::map<const Step*, std::size_t> pending_;
  std::map<BlobDigest, std::vector<const Step*>> waiting_;
  std::map<std::string, LayerFacts> facts_;
  ThreadPool layers_;  // after the maps: tasks that still run at destruction use them
  ThreadPool sdists_;
  ThreadPool downloads_;  // destroyed first: its tasks submit to the others
};

}  // namespace

std::map<std::string, LayerFacts> run_layers(const std::vector<const Step*>& steps, const SdistRun& sdists,
                                             const InputFetcher& fetcher, const BuildContext& context,
                                             Cancellation& stop) {
  return LayerRun(sdists, fetcher, context, stop).run(steps);
}

}  // namespace mlbuild
