#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mlbuild::cli {

/// `--insecure-registry`, for commands that read images of registries.
void add_insecure_registries(CLI::App& command, std::vector<std::string>& hosts);

}  // namespace mlbuild::cli
