#include "shared_options.hpp"

#include <CLI/CLI.hpp>

namespace mlbuild::cli {

void add_insecure_registries(CLI::App& command, std::vector<std::string>& hosts) {
  command.add_option("--insecure-registry", hosts, "HOST[:PORT] to speak http with; loopback needs none");
}

}  // namespace mlbuild::cli
