#include "commands.hpp"

#include "mlbuild/spec/spec.hpp"

#include <CLI/CLI.hpp>

namespace mlbuild::cli {

void add_schema_command(CLI::App& program, Action& chosen) {
  CLI::App* command = program.add_subcommand("schema", "print the JSON Schema of the spec, for editors");
  command->footer("example: mlbuild schema > mlbuild.schema.json");
  command->callback([&chosen] {
    chosen = [](World& world) {
      world.print(spec_json_schema() + "\n");
      return 0;
    };
  });
}

}  // namespace mlbuild::cli
