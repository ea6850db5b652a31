#include "commands.hpp"

#include "mlbuild/io/deflate.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {

void add_version_command(CLI::App& program, Action& chosen) {
  CLI::App* command = program.add_subcommand("version", "print the version of mlbuild and of what decides layer bytes");
  command->callback([&chosen] {
    chosen = [](World& world) {
      if (world.json()) {
        world.print(
            fmt::format("{{\"compressor\":\"{}\",\"version\":\"{}\"}}\n", Deflater::version(), MLBUILD_VERSION));
      } else {
        world.print(fmt::format("mlbuild {} ({})\n", MLBUILD_VERSION, Deflater::version()));
      }
      return 0;
    };
  });
}

}  // namespace mlbuild::cli
