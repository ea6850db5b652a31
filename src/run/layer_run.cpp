#include "layer_run.hpp"

#include "step_timer.hpp"

#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
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

/// Which layers wait for which downloads. A layer whose last download arrives goes to the layer pool.
class LayerRun {
 public:
  LayerRun(std::vector<const Step*> steps, const InputFetcher& fetcher, const BuildContext& context)
      : steps_(std::move(steps)),
        fetcher_(fetcher),
        context_(context),
        layers_(context.threads),
        downloads_(kParallelDownloads) {
    std::stable_sort(steps_.begin(), steps_.end(), WorkOrder(steps_));
  }

  std::map<std::string, LayerFacts> run() {
    const std::vector<StepInput> missing = missing_inputs(steps_);
    for (const Step* step : steps_) register_step(*step);
    for (const StepInput& input : missing) {
      downloads_.submit([this, input] {
        if (failed_) return;  // layers_.wait() tells why
        check_ready();
        fetcher_.fetch(input);
        arrived(input.digest);
      });
    }
    downloads_
        .wait();  // a failed download is rethrown here; layers that have started end first (destructor of the pool)
    layers_.wait();
    return std::move(facts_);
  }

 private:
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
    layers_.submit([this, &step] {
      try {
        context_.cancellation.check();
        check_ready();
        keep(step,
             with_context([&] { return fmt::format("making layer `{}`", step.label); }, [&] { return make(step); }));
      } catch (...) {
        failed_ = true;
        throw;
      }
    });
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

  std::vector<const Step*> steps_;
  const InputFetcher& fetcher_;
  const BuildContext& context_;
  std::atomic<bool> failed_ = false;  // a layer: no further download is started
  std::mutex mutex_;
  std::map<const Step*, std::size_t> pending_;
  std::map<BlobDigest, std::vector<const Step*>> waiting_;
  std::map<std::string, LayerFacts> facts_;
  ThreadPool layers_;     // after the maps: tasks that still run at destruction use them
  ThreadPool downloads_;  // destroyed first: its tasks submit to layers_
};

}  // namespace

std::map<std::string, LayerFacts> run_layers(const std::vector<const Step*>& steps, const InputFetcher& fetcher,
                                             const BuildContext& context) {
  return LayerRun(steps, fetcher, context).run();
}

}  // namespace mlbuild
