#include "mlbuild/run/cuda.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace mlbuild {
namespace {

struct DriverRow {
  unsigned cuda, driver;
};
constexpr std::array kDrivers = {DriverRow{11, 450}, DriverRow{12, 525}, DriverRow{13, 580}};

constexpr std::string_view kDriverLabel = "dev.mlbuild.cuda.minimum-driver";
constexpr std::size_t kShownWheels = 3;

/// Components that are there as wheels and as packages of NVIDIA's own Debian repository: what the names have in
/// common.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kComponents = {
    {{"nvidia-cublas", "libcublas"},
     {"nvidia-cudnn", "libcudnn"},
     {"nvidia-nccl", "libnccl"},
     {"nvidia-cufft", "libcufft"},
     {"nvidia-curand", "libcurand"},
     {"nvidia-cusolver", "libcusolver"},
     {"nvidia-cusparse", "libcusparse"},
     {"nvidia-nvjitlink", "libnvjitlink"},
     {"nvidia-cuda-runtime", "cuda-cudart"},
     {"nvidia-cuda-nvrtc", "cuda-nvrtc"},
     {"nvidia-cuda-cupti", "cuda-cupti"},
     {"nvidia-nvtx", "cuda-nvtx"}}};

struct Release {
  unsigned major = 0;
  std::optional<unsigned> minor;
};

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The digits behind a word, to the end of the name or to an `x`: "cupy-cuda12x", "nvidia-cublas-cu12".
std::optional<unsigned> number_behind(std::string_view name, std::string_view word) {
  const auto at = name.rfind(word);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = name.substr(at + word.size());
  return number(rest.substr(0, rest.find_first_not_of("0123456789")));
}

/// "cu121": the last digit is the minor version.
std::optional<Release> local_release(const std::string& local) {
  if (!local.starts_with("cu")) return std::nullopt;
  const std::string_view digits = std::string_view(local).substr(2);
  if (digits.size() != 3) return std::nullopt;
  const auto major = number(digits.substr(0, 2)), minor = number(digits.substr(2));
  if (!major || !minor) return std::nullopt;
  return Release{*major, minor};
}

std::optional<Release> release_of(const LockedFile& wheel) {
  const auto version = python::Version::parse(wheel.version);
  if (version && !version->local().empty()) return local_release(version->local());
  const bool is_runtime = wheel.name.starts_with("nvidia-cuda-runtime");
  if (is_runtime && version && version->release().size() > 1)
    return Release{static_cast<unsigned>(version->release()[0]), static_cast<unsigned>(version->release()[1])};
  for (const std::string_view word : {"-cuda", "-cu"}) {
    const std::optional<unsigned> major = number_behind(wheel.name, word);
    if (major && *major >= 10 && *major < 100) return Release{*major, std::nullopt};
  }
  return std::nullopt;
}

std::string some_of(const std::vector<std::string>& wheels) {
  const std::size_t shown = std::min(wheels.size(), kShownWheels);
  const std::string text =
      fmt::format("`{}`", fmt::join(wheels.begin(), wheels.begin() + static_cast<std::ptrdiff_t>(shown), "`, `"));
  return shown == wheels.size() ? text : fmt::format("{} and {} more", text, wheels.size() - shown);
}

Release wanted_release(const std::string& text) {
  const auto dot = text.find('.');
  return {number(text.substr(0, dot)).value_or(0), number(text.substr(dot + 1))};
}

std::string release_text(const LockedCuda& cuda) {
  return cuda.minor ? fmt::format("{}.{}", cuda.major, *cuda.minor) : std::to_string(cuda.major);
}

bool base_has_variable(const LockedImage& image, std::string_view name) {
  if (!image.base_image) return false;
  return std::ranges::any_of(image.base_image->config.env, [&](const std::string& variable) {
    return variable.starts_with(std::string(name) + "=");
  });
}

void warn_of_duplicates(const LockedImage& image, EventSink& events) {
  if (!image.base_image) return;
  std::vector<std::string> twice;
  for (const auto& [wheel, package] : kComponents) {
    const auto locked = std::ranges::find_if(
        image.wheels, [&, name = wheel](const LockedFile& file) { return file.name.starts_with(name); });
    const auto& packages = image.base_image->debian.packages;
    const auto based = std::ranges::find_if(
        packages, [&, name = package](const LockedBasePackage& one) { return one.name.starts_with(name); });
    if (locked != image.wheels.end() && based != packages.end())
      twice.push_back(fmt::format("{} and {}", based->name, locked->name));
  }
  if (twice.empty()) return;
  events.on(
      WarningRaised{fmt::format("CUDA is in the image twice, in the base and in wheels: {}; PyTorch and its like use "
                                "the wheels, so a base without CUDA will do",
                                fmt::join(twice, ", "))});
}

}  // namespace

std::optional<unsigned> minimum_driver(unsigned cuda_major) {
  const auto row = std::ranges::find(kDrivers, cuda_major, &DriverRow::cuda);
  return row == kDrivers.end() ? std::nullopt : std::optional(row->driver);
}

std::vector<LockedCuda> locked_cuda(const LockedImage& image) {
  std::map<unsigned, LockedCuda> found;
  for (const LockedFile& wheel : image.wheels) {
    const std::optional<Release> release = release_of(wheel);
    if (!release) continue;
    LockedCuda& cuda = found[release->major];
    cuda.major = release->major;
    if (release->minor) cuda.minor = std::max(cuda.minor.value_or(0), *release->minor);
    cuda.wheels.push_back(wheel.name + " " + wheel.version);
  }
  std::vector<LockedCuda> all;
  for (auto& [major, cuda] : found) all.push_back(std::move(cuda));
  return all;
}

void check_cuda(const SpecVariant& variant, const LockedImage& image, EventSink& events) {
  const std::vector<LockedCuda> found = locked_cuda(image);
  warn_of_duplicates(image, events);
  if (!variant.gpu.cuda) return;
  const Located<std::string>& cuda = *variant.gpu.cuda;
  const Release wanted = wanted_release(cuda.value);
  for (const LockedCuda& other : found) {
    if (other.major == wanted.major) continue;
    throw Error(ErrorKind::Spec, fmt::format("`gpu.cuda` is {}, but the lock has CUDA {}: {}", cuda.value,
                                             release_text(other), some_of(other.wheels)))
        .at(cuda.location)
        .hint(fmt::format(
            "write `cuda: \"{}\"`{}, or pin versions of these packages that are made for CUDA {}",
            other.minor ? release_text(other) : fmt::format("{}.0", other.major),
            minimum_driver(other.major) ? fmt::format(" (driver {} or newer)", *minimum_driver(other.major)) : "",
            wanted.major));
  }
  if (found.empty() && !base_has_variable(image, "CUDA_VERSION"))
    events.on(
        WarningRaised{fmt::format("`gpu.cuda` is {}, but nothing in the lock or the base brings CUDA", cuda.value)});
  for (const LockedCuda& one : found) {
    if (!one.minor || *one.minor <= wanted.minor.value_or(0)) continue;
    events.on(WarningRaised{fmt::format(
        "the lock has CUDA {}, newer than `gpu.cuda: {}`: a driver for {} runs it, but compiles no PTX for newer GPUs",
        release_text(one), cuda.value, cuda.value)});
  }
}

RunConfig with_cuda(const SpecVariant& variant, const LockedImage& image) {
  RunConfig config = variant.config;
  if (!variant.gpu.cuda) return config;
  const auto set = [&](const char* name, std::string value) {  // what the spec or the base says counts more
    if (!base_has_variable(image, name)) config.env.try_emplace(name, std::move(value));
  };
  set("NVIDIA_VISIBLE_DEVICES", "all");
  set("NVIDIA_DRIVER_CAPABILITIES", "compute,utility");
  set("NVIDIA_REQUIRE_CUDA", "cuda>=" + variant.gpu.cuda->value);
  const std::optional<unsigned> driver = minimum_driver(wanted_release(variant.gpu.cuda->value).major);
  if (driver) config.labels.try_emplace(std::string(kDriverLabel), std::to_string(*driver));
  return config;
}

}  // namespace mlbuild
