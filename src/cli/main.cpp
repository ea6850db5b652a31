// Builds the objects, runs the chosen command and maps errors to exit codes; everything else is in the modules.

#include "commands.hpp"
#include "sandbox_option.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/report/error_text.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/open_files.hpp"
#include "mlbuild/sys/signal_relay.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>

namespace {

using mlbuild::Error;
using mlbuild::ErrorKind;

// The one object that a signal handler can reach: set before handlers are installed, never changed afterwards.
mlbuild::Cancellation* interrupted = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void on_signal(int) {
  if (interrupted->requested()) _exit(130);  // asked twice: now
  interrupted->request();
  constexpr std::string_view kText = "\nstopping (again: at once)\n";
  if (::write(STDERR_FILENO, kText.data(), kText.size()) < 0) return;  // nobody reads it
}

void install_signal_handlers(mlbuild::Cancellation& cancellation) {
  interrupted = &cancellation;
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : mlbuild::not_ignored({SIGINT, SIGTERM, SIGHUP})) ::sigaction(number, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;  // one who ignores it passes that on, and how our children end would be lost
  ::sigaction(SIGCHLD, &usual, nullptr);
}

/// Large blocks are the dictionaries of decoders. glibc maps the first ones on their own, and when they are freed
/// begins to keep such blocks in the pool of each thread that ever used one: 60 MiB more in a cold build than it needs.
void give_memory_back() {
#ifdef __GLIBC__
  constexpr int kLargeBytes = 4 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  ::mallopt(M_TRIM_THRESHOLD, kLargeBytes);  // setting one of them ends the adjusting of both
#endif
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
  const std::map<std::string, std::uint64_t> units{{"s", 1}, {"m", 60}, {"h", 3600}};
  program
      .add_option("--retry-for", options.retry_seconds,
                  "how long a transfer that fails is tried again, e.g. 90s, 10m, 1h (default: 10m)")
      ->option_text("DURATION")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_OPTIONAL))
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{24} * 3600));
  program
      .add_option("--sandbox", options.sandbox,
                  "auto (default), or require:L0 to refuse a machine whose sandbox is weaker than that; also "
                  "MLBUILD_SANDBOX")
      ->option_text("LEVEL")
      ->check([](const std::string& text) { return mlbuild::cli::sandbox_option_mistake(text); }, "");
  program.add_flag("--profile", options.profile, "say at the end where time and bytes went");
  program.add_flag("-q,--quiet", options.quiet, "only warnings and errors on stderr");
}

void add_commands(CLI::App& program, mlbuild::cli::Action& chosen) {
  using namespace mlbuild::cli;  // NOLINT(google-build-using-namespace): the table of commands reads better
  program.require_subcommand(1);
  program.fallthrough();
  add_audit_command(program, chosen);
  add_build_command(program, chosen);
  add_check_command(program, chosen);
  add_copy_command(program, chosen);
  add_diff_command(program, chosen);
  add_inspect_command(program, chosen);
  add_lock_command(program, chosen);
  add_login_command(program, chosen);
  add_logout_command(program, chosen);
  add_plan_command(program, chosen);
  add_report_command(program, chosen);
  add_run_command(program, chosen);
  add_sbom_command(program, chosen);
  add_schema_command(program, chosen);
  add_store_command(program, chosen);
  add_verify_command(program, chosen);
  add_version_command(program, chosen);
  add_why_command(program, chosen);
}

/// The word after an option's value is the command's own, not one more value: such options are given again.
void take_one_value_each(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) option->allow_extra_args(false);
  }
  for (CLI::App* inner : command.get_subcommands({})) take_one_value_each(*inner);
}

/// Closed standard descriptors would be given to the next files that are opened, and our output be written into them.
/// Read only: writing to them stays the error that it was.
void open_standard_descriptors() {
  int opened = 0;
  while ((opened = ::open("/dev/null", O_RDONLY)) >= 0 && opened <= STDERR_FILENO) {  // NOLINT(android-cloexec-open)
  }
  if (opened >= 0) ::close(opened);
}

/// CLI11 stops at the first mistake, perhaps before it came to this option.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--format=json" || (word == "--format" && i + 1 < argc && argv[i + 1] == std::string_view("json")))
      return true;
  }
  return false;
}

/// The first word that is no option and no option's value.
std::optional<std::string> command_word(int argc, char** argv) {
  constexpr std::array<std::string_view, 5> kTakeValue = {"--store", "--format", "--threads", "--retry-for",
                                                          "--sandbox"};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (std::find(kTakeValue.begin(), kTakeValue.end(), word) != kTakeValue.end()) {
      ++i;
    } else if (!word.starts_with('-')) {
      return std::string(word);
    }
  }
  return std::nullopt;
}

/// A wrong command gets the nearest right one.
Error usage_error(const CLI::App& program, int argc, char** argv, const std::string& what) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  const std::optional<std::string> word = command_word(argc, argv);
  if (!word) return Error(ErrorKind::Usage, what).hint("`mlbuild --help` lists the commands");
  if (std::find(names.begin(), names.end(), *word) != names.end()) {
    return Error(ErrorKind::Usage, what).hint(fmt::format("`mlbuild {} --help` lists its options", *word));
  }
  Error error(ErrorKind::Usage, fmt::format("`{}` is no command of mlbuild", mlbuild::printable(*word)));
  const std::optional<std::string> near = mlbuild::nearest_word(*word, names);
  return error.hint(near ? fmt::format("did you mean `mlbuild {}`?", *near) : "`mlbuild --help` lists the commands");
}

/// What comes after `--` belongs to the image, not to us. Returns how many words are ours.
int cut_trailing_arguments(int argc, char** argv, mlbuild::cli::GlobalOptions& options) {
  if (command_word(argc, argv) != "run") return argc;
  char** const end = argv + argc;
  char** const dashes = std::find(argv, end, std::string_view("--"));
  if (dashes != end) options.trailing_arguments.assign(dashes + 1, end);
  return static_cast<int>(dashes - argv);
}

int run_program(CLI::App& program, int argc, char** argv, mlbuild::cli::GlobalOptions& options,
                mlbuild::cli::Action& chosen) {
  try {
    program.parse(cut_trailing_arguments(argc, argv, options), argv);
  } catch (const CLI::Success& help) {
    return program.exit(help);
  } catch (const CLI::ParseError& error) {
    show(usage_error(program, argc, argv, error.what()), wants_json(argc, argv));
    return exit_code(ErrorKind::Usage);
  }
  mlbuild::Cancellation cancellation;
  install_signal_handlers(cancellation);
  mlbuild::cli::World world(options, cancellation);
  try {
    const int code = chosen(world);
    world.print_profile();
    return code;
  } catch (const Error& error) {
    world.end_progress();
    show(cancellation.requested() ? Error(ErrorKind::Interrupted, "interrupted; nothing half-written remains") : error,
         world.json());
    return exit_code(cancellation.requested() ? ErrorKind::Interrupted : error.kind());
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  give_memory_back();
  mlbuild::allow_many_open_files();  // a layer of many wheels reads each of them
  try {
    CLI::App program("mlbuild: OCI images for machine learning, computed from wheels and .debs", "mlbuild");
    program.set_version_flag("--version", MLBUILD_VERSION);
    program.footer("start here: mlbuild build specs/sklearn-train/mlbuild.yaml -o oci:out/sklearn-train");
    mlbuild::cli::GlobalOptions options;
    mlbuild::cli::Action chosen;
    add_global_options(program, options);
    add_commands(program, chosen);
    take_one_value_each(program);
    return run_program(program, argc, argv, options, chosen);
  } catch (const std::bad_alloc&) {
    show(Error(ErrorKind::Io, "out of memory")
             .hint("allow mlbuild more, or let fewer layers be made at a time: `--threads 1`"),
         wants_json(argc, argv));
    return exit_code(ErrorKind::Io);
  } catch (const std::system_error& failure) {  // what std::filesystem throws
    show(Error(ErrorKind::Io, failure.what()), wants_json(argc, argv));
    return exit_code(ErrorKind::Io);
  } catch (const std::exception& failure) {
    show(Error(ErrorKind::Internal, failure.what())
             .hint("this is a bug in mlbuild; please report it with the command line and the spec"),
         false);
    return exit_code(ErrorKind::Internal);
  }
}
