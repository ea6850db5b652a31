// Builds the objects, runs the chosen command and maps errors to exit codes; everything else is in the modules.

#include "commands.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/report/error_text.hpp"
#include "mlbuild/sandbox/sandbox.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace {

using mlbuild::Error;
using mlbuild::ErrorKind;

// The one object that a signal handler can reach: set before handlers are installed, never changed afterwards.
mlbuild::Cancellation* interrupted = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void on_signal(int) {
  if (interrupted->requested()) _exit(130);  // asked twice: now
  interrupted->request();
}

void install_signal_handlers(mlbuild::Cancellation& cancellation) {
  interrupted = &cancellation;
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal_number, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

void show(const Error& error, bool json) {
  if (json) std::fputs((mlbuild::error_json(error) + "\n").c_str(), stdout);
  std::fputs(mlbuild::error_text(error, mlbuild::cli::colour_for_stderr(), mlbuild::read_source_line).c_str(), stderr);
}

void add_global_options(CLI::App& program, mlbuild::cli::GlobalOptions& options) {
  program.add_option("--store", options.store, "directory of the store (default: $XDG_CACHE_HOME/mlbuild)");
  program.add_option("--format", options.format, "text or json; json goes to stdout")
      ->check(CLI::IsMember({"text", "json"}));
  program.add_option("--threads", options.threads, "threads that make layers (default: one per processor)")
      ->check(CLI::Range(1, 1024));
  program.add_flag("-q,--quiet", options.quiet, "only warnings and errors on stderr");
}

void add_commands(CLI::App& program, mlbuild::cli::Action& chosen) {
  using namespace mlbuild::cli;  // NOLINT(google-build-using-namespace): the table of commands reads better
  program.require_subcommand(1);
  program.fallthrough();
  add_build_command(program, chosen);
  add_lock_command(program, chosen);
  add_login_command(program, chosen);
  add_logout_command(program, chosen);
  add_plan_command(program, chosen);
  add_schema_command(program, chosen);
  add_store_command(program, chosen);
  add_version_command(program, chosen);
}

/// A wrong command gets the nearest right one.
std::string usage_hint(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) continue;
    if (std::find(names.begin(), names.end(), word) != names.end())
      return fmt::format("`mlbuild {} --help` lists its options", word);
    if (const auto near = mlbuild::nearest_word(word, names)) return fmt::format("did you mean `mlbuild {}`?", *near);
    break;
  }
  return "`mlbuild --help` lists the commands";
}

int run_program(CLI::App& program, int argc, char** argv, mlbuild::cli::GlobalOptions& options,
                mlbuild::cli::Action& chosen) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return program.exit(help);
  } catch (const CLI::ParseError& error) {
    show(Error(ErrorKind::Usage, error.what()).hint(usage_hint(program, argc, argv)), false);
    return exit_code(ErrorKind::Usage);
  }
  mlbuild::Cancellation cancellation;
  install_signal_handlers(cancellation);
  mlbuild::cli::World world(options, cancellation);
  try {
    return chosen(world);
  } catch (const Error& error) {
    world.end_progress();
    show(cancellation.requested() ? Error(ErrorKind::Interrupted, "interrupted; nothing half-written remains") : error,
         world.json());
    return exit_code(cancellation.requested() ? ErrorKind::Interrupted : error.kind());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  try {
    CLI::App program("mlbuild: OCI images for machine learning, computed from wheels and .debs", "mlbuild");
    program.set_version_flag("--version", MLBUILD_VERSION);
    program.footer("start here: mlbuild build specs/sklearn-train/mlbuild.yaml -o oci:out/sklearn-train");
    mlbuild::cli::GlobalOptions options;
    mlbuild::cli::Action chosen;
    add_global_options(program, options);
    add_commands(program, chosen);
    return run_program(program, argc, argv, options, chosen);
  } catch (const std::exception& failure) {
    show(Error(ErrorKind::Internal, failure.what())
             .hint("this is a bug in mlbuild; please report it with the command line and the spec"),
         false);
    return exit_code(ErrorKind::Internal);
  }
}
