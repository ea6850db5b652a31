#include "mlbuild/elf/driver_libraries.hpp"

#include <algorithm>
#include <array>

namespace mlbuild::elf {
namespace {

/// By the beginning of their names; those of CUDA are wheels or packages of the image.
constexpr std::array<std::string_view, 6> kDriverLibraries = {"libcuda.so",    "libcudadebugger.so", "libnvidia-",
                                                              "libnvcuvid.so", "libnvoptix.so",      "libdxcore.so"};

}  // namespace

bool is_driver_library(std::string_view name) {
  const bool is_shared = name.find(".so") != std::string_view::npos;
  return is_shared && std::ranges::any_of(kDriverLibraries, [&](auto prefix) { return name.starts_with(prefix); });
}

}  // namespace mlbuild::elf
