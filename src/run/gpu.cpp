#include "mlbuild/run/gpu.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/elf/driver_libraries.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

std::string multiarch() { return host_platform().architecture == "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu"; }

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> devices_below(const fs::path& host) {
  std::vector<fs::path> found;
  const auto add = [&](const fs::path& device) { found.push_back("/" / device.lexically_relative(host)); };
  for (const fs::path& entry : entries_of(host / "dev")) {
    const std::string name = entry.filename();
    std::error_code ignored;
    const bool is_directory = fs::is_directory(entry, ignored);
    if (name == "nvidia-caps" && is_directory) std::ranges::for_each(entries_of(entry), add);
    if ((name.starts_with("nvidia") && !is_directory) || name == "dxg") add(entry);  // dxg: WSL
  }
  return found;
}

/// The first directory that has a name wins, as for the loader.
std::vector<SandboxMount> libraries_below(const fs::path& host) {
  const fs::path inside = fs::path("/usr/lib") / multiarch();
  std::vector<SandboxMount> mounts;
  std::set<std::string> seen;
  for (const fs::path& place : {fs::path("usr/lib") / multiarch(), fs::path("usr/lib64"), fs::path("usr/lib/wsl/lib"),
                                fs::path("usr/local/nvidia/lib64"), fs::path("usr/lib")}) {
    for (const fs::path& entry : entries_of(host / place)) {
      const std::string name = entry.filename();
      std::error_code ignored;
      if (!elf::is_driver_library(name) || !fs::is_regular_file(entry, ignored) || !seen.insert(name).second) continue;
      mounts.push_back({entry, inside / name, false});
    }
  }
  return mounts;
}

bool has(const std::vector<SandboxMount>& mounts, const std::string& name) {
  return std::ranges::any_of(mounts, [&](const SandboxMount& mount) { return mount.inside.filename() == name; });
}

}  // namespace

Gpu find_gpu(const fs::path& host) {
  Gpu gpu{devices_below(host), libraries_below(host)};
  const bool is_there = std::ranges::any_of(gpu.devices, [](const fs::path& device) {
    const std::string name = device.filename();
    return name == "dxg" || (name.starts_with("nvidia") &&
                             name.find_first_not_of("0123456789", 6) == std::string::npos && name.size() > 6);
  });
  if (!is_there)
    throw Error(ErrorKind::Step, "`--gpu`: this machine shows no NVIDIA GPU: there is no `/dev/nvidia0`")
        .hint(
            "does `nvidia-smi` work here? it makes the devices; in a container, start that with `--gpus all`; or run "
            "without `--gpu`");
  if (!has(gpu.mounts, "libcuda.so.1"))
    throw Error(ErrorKind::Step, "`--gpu`: there is a GPU, but the driver's library `libcuda.so.1` is not installed")
        .hint("install the driver's user-space part, e.g. `libcuda1` or `libnvidia-compute-VERSION`");
  std::error_code ignored;
  if (const fs::path tool = host / "usr/bin/nvidia-smi"; fs::exists(tool, ignored)) {
    gpu.mounts.push_back({tool, "/usr/bin/nvidia-smi", false});
  }
  return gpu;
}

}  // namespace mlbuild
