#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace mlbuild::cli {

/// "4g", "512m", "1073741824": as docker reads memory sizes, powers of 1024. Throws Error{Usage}.
std::uint64_t parse_memory(const std::string& text);

/// "DATA:/data" or "DATA:/data:ro". The path on the host must be there. Throws Error{Usage}.
SandboxMount parse_mount(const std::string& text);

/// "NAME=value", or "NAME" for the value that it has here. Throws Error{Usage}.
std::pair<std::string, std::string> parse_variable(const std::string& text);

}  // namespace mlbuild::cli
