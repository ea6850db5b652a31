#pragma once

#include <string_view>

namespace mlbuild {

// This program runs on the machine it was compiled for, so the host's architecture is known here.
#if defined(__x86_64__)
inline constexpr std::string_view kHostArchitecture = "amd64";
inline constexpr std::string_view kHostMachine = "x86_64";
#elif defined(__aarch64__)
inline constexpr std::string_view kHostArchitecture = "arm64";
inline constexpr std::string_view kHostMachine = "aarch64";
#else
#error "the pinned resolver has no build for this machine"
#endif

}  // namespace mlbuild
