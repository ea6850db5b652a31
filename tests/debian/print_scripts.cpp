// Prints one line for each maintainer script of the .debs given: digest, package, script and what judge_script() says.
// Lines that begin with `unknown` are the candidates for src/debian/script_table.cpp: read the script, then write down
// what it does to an empty root.
#include "mlbuild/base/error.hpp"
#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/debian/scripts.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace {

void print_scripts(const char* path) {
  const mlbuild::DiskFile file{std::filesystem::path(path)};
  const auto control = mlbuild::debian::DebFile(file).read_control();
  const auto package = control.fields.get("Package");
  for (const auto& [name, text] : control.scripts) {
    const auto verdict = mlbuild::debian::judge_script(package, name, text);
    fmt::print("{:7} {{\"{}\", \"{}\", \"{}\", \"\"}}, {}\n", verdict.known ? "known" : "unknown",
               mlbuild::debian::script_digest(text).hex(), package, name,
               verdict.known ? fmt::format("{} effects", verdict.effects.size()) : verdict.unknown_part);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) print_scripts(argv[i]);
    return 0;
  } catch (const mlbuild::Error& error) {
    fmt::print(stderr, "error: {}\n", error.message());
    return mlbuild::exit_code(error.kind());
  }
}
