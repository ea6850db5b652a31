// Google Benchmark: the parts that a build's time is made of, each alone and on warm data. The bytes are text-like and
// compress about 4 : 1, as the content of wheels does.
#include "support/deb_builder.hpp"
#include "support/wheel_builder.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/plan/plan.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::size_t kFileBytes = 64U << 10U;
constexpr int kFiles = 64;

/// Words by a fixed rule: the same on every machine.
std::string text_of(std::size_t bytes, std::uint32_t seed) {
  std::string text;
  while (text.size() < bytes) {
    seed = seed * 1664525U + 1013904223U;
    text += fmt::format("{}_{} = self.{}\n", seed >> 24U, seed % 97U, seed % 1009U);
  }
  text.resize(bytes);
  return text;
}

class NoBytes final : public Sink {
 public:
  void write(ByteSpan bytes) override { benchmark::DoNotOptimize(bytes.data()); }
};

class NoLayer final : public LayerSink {
 public:
  void inline_bytes(ByteSpan) override {}
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan) override {}
};

BlobDigest put(BlobStore& store, ByteSpan bytes) {
  const std::unique_ptr<BlobWriter> writer = store.begin();
  writer->write(bytes);
  return writer->commit();
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

void hash(benchmark::State& state) {
  const std::string text = text_of(kFileBytes * kFiles, 1);
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(sha256(text));
  count_bytes(state, text.size());
}
BENCHMARK(hash);

void inflate(benchmark::State& state) {
  const std::string text = text_of(kFileBytes * kFiles, 1);
  const Bytes packed = Deflater(6).raw(as_bytes(text));
  Inflater inflater;
  NoBytes nowhere;
  for ([[maybe_unused]] auto round : state) {
    inflater.reset();
    inflater.write(packed, nowhere);
  }
  count_bytes(state, text.size());
}
BENCHMARK(inflate);

void deflate(benchmark::State& state) {
  const std::string text = text_of(kFileBytes, 1);
  Deflater deflater(6);
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(deflater.raw(as_bytes(text)));
  count_bytes(state, text.size());
}
BENCHMARK(deflate);

void tar_headers(benchmark::State& state) {
  TarEntry entry;
  entry.size_bytes = 12345;
  int number = 0;
  for ([[maybe_unused]] auto round : state) {
    entry.path = fmt::format("usr/local/lib/python3.11/site-packages/package/module{}.py", ++number % 1000);
    benchmark::DoNotOptimize(tar_header(entry));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(tar_headers);

/// A wheel's deflate streams become members of the layer: inflated once, hashed, never compressed.
void transmux_wheel(benchmark::State& state) {
  test::WheelBuilder wheel;
  for (int i = 0; i < kFiles; ++i)
    wheel.add(fmt::format("toy/part{}.py", i), text_of(kFileBytes, static_cast<std::uint32_t>(i)));
  MemoryStore store;
  const WheelInput input{wheel.filename(), put(store, wheel.build())};
  for ([[maybe_unused]] auto round : state) {
    NoLayer out;
    benchmark::DoNotOptimize(WheelLayerRecipe({input}, {}).write(store, out));
  }
  count_bytes(state, kFileBytes * kFiles);
}
BENCHMARK(transmux_wheel);

/// A .deb's content is compressed anew.
void deb_layer(benchmark::State& state) {
  test::DebBuilder deb;
  for (int i = 0; i < kFiles; ++i)
    deb.file(fmt::format("usr/lib/toy/part{}.so", i), text_of(kFileBytes, static_cast<std::uint32_t>(i)));
  MemoryStore store;
  const DebInput input{deb.name, deb.version, deb.architecture, put(store, deb.build())};
  for ([[maybe_unused]] auto round : state) {
    NoLayer out;
    benchmark::DoNotOptimize(DebLayerRecipe({input}, {}).write(store, out));
  }
  count_bytes(state, kFileBytes * kFiles);
}
BENCHMARK(deb_layer);

/// Nothing is known: every step runs.
class EmptyLookups final : public PlanLookups {
 public:
  std::optional<std::string> facts(const StepKey&) override { return std::nullopt; }
  std::optional<KeyCard> last_card(const std::string&) override { return std::nullopt; }
  bool has_blob(const BlobDigest&) override { return false; }
  KeyCard sdist_card(const LockedImage&, const LockedSdist&) override { return KeyCard("sdist", 1); }
  std::optional<KnownWheel> built_wheel(const StepKey&) override { return std::nullopt; }
};

LockedFile locked_wheel(int number) {
  LockedFile file;
  file.name = fmt::format("project{:04}", number);
  file.version = "1.0";
  file.filename = file.name + "-1.0-py3-none-any.whl";
  file.sha256 = BlobDigest(sha256(file.filename));
  file.size_bytes = number % 10 == 0 ? 3U << 20U : 20000;  // one in ten gets a layer of its own
  return file;
}

void plan_of_wheels(benchmark::State& state) {
  LockedImage image;
  image.base_suite = "bookworm";
  image.base_flavor = "slim";
  for (int number = 0; number < state.range(0); ++number) image.wheels.push_back(locked_wheel(number));
  SpecVariant variant;
  variant.max_layers = 64;
  variant.bytecode = false;
  EmptyLookups lookups;
  for ([[maybe_unused]] auto round : state) {
    PlanRequest request;
    request.spec_name = "demo";
    request.variant = &variant;
    request.image = &image;
    benchmark::DoNotOptimize(make_plan(request, lookups));
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(plan_of_wheels)->Arg(250)->Arg(500)->Arg(1000)->Unit(benchmark::kMillisecond)->Complexity();

}  // namespace
}  // namespace mlbuild

BENCHMARK_MAIN();
