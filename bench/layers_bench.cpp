// layers_bench WHEELDIR [--threads N] [--form FORM]: what making wheel layers costs, as JSON on stdout. FORM: gzip,
// estargz, zstd, zstd:chunked, or zstd-N for zstd of another level than mlbuild's.
//
// The floor is what no program can avoid that promises the layer's digests and checks the wheel: inflate once, and hash
// plain and compressed bytes once, on one thread. The layers additionally get headers, CRC-32 and RECORD's hash of each
// file; the ratio of the two is what to watch. Every file is read once before, so that both are measured with a warm
// page cache.
#include "support/wheel_files.hpp"

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/io/zstd.hpp"
#include "mlbuild/layer/layer_packing.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/sys/file.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

namespace mlbuild {
namespace {

struct Cost {
  double cpu_seconds = 0;
  double wall_seconds = 0;
};

double cpu_seconds_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

template <class Body>
Cost measure(const Body& body) {
  const double cpu_before = cpu_seconds_so_far();
  const auto wall_before = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_before;
  return {cpu_seconds_so_far() - cpu_before, wall.count()};
}

class HashOnly final : public Sink {
 public:
  void write(ByteSpan bytes) override { hash.update(bytes); }
  Sha256 hash;
};

/// The unavoidable work for one wheel.
class Floor {
 public:
  void run(const std::filesystem::path& wheel) {
    const DiskFile file(wheel);
    for (const ZipMember& member : read_zip_directory(file)) {
      RangeSource raw(file, member.data_offset, member.compressed_size_bytes);
      inflater_.reset();
      while (const std::size_t got = raw.read(chunk_)) {
        const ByteSpan bytes = ByteSpan(chunk_).first(got);
        compressed_.update(bytes);
        if (member.method == 0) {
          plain_.write(bytes);
        } else {
          inflater_.write(bytes, plain_);
        }
      }
      plain_bytes += member.size_bytes;
      compressed_bytes += member.compressed_size_bytes;
      ++members;
    }
  }
  std::uint64_t plain_bytes = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t members = 0;

 private:
  Inflater inflater_;
  Sha256 compressed_;
  HashOnly plain_;
  Bytes chunk_ = Bytes(256 * 1024);
};

class Discard final : public LayerSink {
 public:
  void inline_bytes(ByteSpan) override {}
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan) override {}
};

/// As ZstdLayerRecipe, with a level of the caller's.
class LevelRecipe final : public LayerRecipe {
 public:
  LevelRecipe(std::shared_ptr<const LayerRecipe> inner, int level) : inner_(std::move(inner)), level_(level) {}
  KeyCard card() const override { return inner_->card(); }
  LayerFacts write(BlobStore& blobs, LayerSink&) const override {
    NullSink nowhere;
    HashingSink packed(nowhere);
    ZstdCompressor compressor(packed, level_, 1);
    TarLayerSink tar(compressor);
    LayerFacts facts = inner_->write(blobs, tar);
    compressor.finish();
    facts.size_bytes = packed.size_bytes();
    return facts;
  }
  bool is_virtual() const override { return false; }

 private:
  std::shared_ptr<const LayerRecipe> inner_;
  int level_;
};

std::shared_ptr<const LayerRecipe> formed(std::shared_ptr<const LayerRecipe> recipe, const std::string& form) {
  if (form == "gzip") return recipe;
  LayerPacking packing;
  if (form == "zstd") {
    packing.compression = oci::LayerCompression::Zstd;
  } else if (form == "estargz") {
    packing.lazy = oci::LazyFormat::Estargz;
  } else if (form == "zstd:chunked") {
    packing.lazy = oci::LazyFormat::ZstdChunked;
  } else if (form.starts_with("zstd-")) {
    return std::make_shared<LevelRecipe>(std::move(recipe), std::stoi(form.substr(5)));
  } else {
    throw Error(ErrorKind::Usage, fmt::format("no form `{}`", form));
  }
  return packed(std::move(recipe), packing);
}

/// One layer to make.
struct Task {
  std::size_t wheel = 0;
  LayerPart part;
};

/// Huge wheels are several layers, as in a build.
std::vector<Task> tasks_for(const std::vector<std::filesystem::path>& wheels) {
  std::vector<Task> tasks;
  for (std::size_t wheel = 0; wheel < wheels.size(); ++wheel) {
    const std::size_t parts = part_count(std::filesystem::file_size(wheels[wheel]));
    for (std::size_t part = 0; part < parts; ++part) tasks.push_back({wheel, {part, parts}});
  }
  return tasks;
}

void run(const std::filesystem::path& directory, std::size_t threads, const std::string& form) {
  const std::vector<std::filesystem::path> wheels = test::wheels_in(directory);  // largest first
  if (wheels.empty()) throw Error(ErrorKind::Usage, fmt::format("no wheels in `{}`", directory.string()));
  test::WheelFiles files;
  std::vector<WheelInput> inputs;
  for (const auto& wheel : wheels) inputs.push_back(files.add(wheel));

  Floor floor;
  const Cost floor_cost = measure([&] {
    for (const auto& wheel : wheels) floor.run(wheel);
  });
  const std::uint64_t rss_before = peak_rss_bytes();
  const std::vector<Task> tasks = tasks_for(wheels);
  std::vector<std::uint64_t> layer_bytes(tasks.size());
  const Cost layer_cost = measure([&] {
    parallel_for(threads, tasks.size(), [&](std::size_t index) {
      Discard out;
      WheelLayerParameters parameters;
      parameters.part = tasks[index].part;
      const auto recipe =
          formed(std::make_shared<WheelLayerRecipe>(std::vector{inputs[tasks[index].wheel]}, parameters), form);
      layer_bytes[index] = recipe->write(files, out).size_bytes;
    });
  });
  std::uint64_t layer_sum = 0;
  for (const std::uint64_t size : layer_bytes) layer_sum += size;
  fmt::print(
      R"({{"form":"{}","wheels":{},"members":{},"threads":{},"compressedBytes":{},"plainBytes":{},"layerBytes":{},)"
      R"("floor":{{"cpuSeconds":{:.3f},"wallSeconds":{:.3f}}},"layers":{{"cpuSeconds":{:.3f},"wallSeconds":{:.3f}}},)"
      R"("cpuRatio":{:.3f},"wallRatio":{:.3f},"peakRssBytes":{},"peakRssBytesBeforeLayers":{}}})"
      "\n",
      form, wheels.size(), floor.members, threads, floor.compressed_bytes, floor.plain_bytes, layer_sum,
      floor_cost.cpu_seconds, floor_cost.wall_seconds, layer_cost.cpu_seconds, layer_cost.wall_seconds,
      layer_cost.cpu_seconds / floor_cost.cpu_seconds, layer_cost.wall_seconds / floor_cost.wall_seconds,
      peak_rss_bytes(), rss_before);
}

}  // namespace
}  // namespace mlbuild

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::map<std::string, std::string> options{{"--threads", ""}, {"--form", "gzip"}};
  bool is_good = arguments.size() % 2 == 1;
  for (std::size_t i = 1; is_good && i + 1 < arguments.size(); i += 2) {
    is_good = options.contains(arguments[i]);
    options[arguments[i]] = arguments[i + 1];
  }
  if (!is_good) {
    std::cerr << "usage: layers_bench WHEELDIR [--threads N] [--form FORM]\n";
    return 2;
  }
  try {
    const std::string& threads = options["--threads"];
    mlbuild::run(arguments[0],
                 threads.empty() ? std::max(1U, std::thread::hardware_concurrency()) : std::stoul(threads),
                 options["--form"]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
