#include "build_failure.hpp"

#include "last_lines.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace mlbuild {
namespace {

constexpr std::size_t kShownLines = 40;

std::string how_it_ended(const SandboxOutcome& outcome) {
  switch (outcome.end) {
    case SandboxOutcome::End::Exited:
      return fmt::format("exit status {}", outcome.code);
    case SandboxOutcome::End::Signaled:
      return fmt::format("killed by signal {}", outcome.code);
    case SandboxOutcome::End::DeadlinePassed:
      return "it took too long";
    case SandboxOutcome::End::MemoryExceeded:
      return "it ran out of memory";
    case SandboxOutcome::End::DiskExceeded:
      return "it wrote more to the disk than a step may";
  }
  return "";
}

std::string last_words(std::string_view output) {
  const std::vector<std::string> lines = last_lines(output, kShownLines);
  return lines.empty() ? "" : fmt::format("  {}", fmt::join(lines, "\n  "));
}

/// What stands between the last `before` and the next `after`.
std::optional<std::string> between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.rfind(before);
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(start + before.size());
  const std::size_t end = rest.find(after);
  if (end == std::string_view::npos || end == 0 || rest.substr(0, end).find('\n') != std::string_view::npos)
    return std::nullopt;
  return printable(rest.substr(0, end));
}

bool has(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

}  // namespace

std::string advice_from_output(std::string_view output) {
  if (has(output, "Python.h: No such file")) return "add Python's headers to `system.build`, e.g. `python3-dev`";
  if (const auto header = between(output, "fatal error: ", ": No such file or directory")) {
    return fmt::format("add the Debian package that has `{}` to `system.build`", *header);
  }
  if (const auto library = between(output, "cannot find -l", ":")) {
    return fmt::format("add the Debian package that has `lib{}.so` to `system.build`", *library);
  }
  const bool no_compiler = has(output, "gcc' failed: No such file") || has(output, "gcc: not found") ||
                           has(output, "No such file or directory: 'gcc'") || has(output, "gcc: No such file") ||
                           has(output, "cc' failed: No such file");
  if (no_compiler) return "add a compiler to `system.build`, e.g. `system: {build: [gcc, libc6-dev]}`";
  if (has(output, "g++' failed: No such file") || has(output, "g++: not found")) return "add `g++` to `system.build`";
  if (has(output, "No such file or directory: '/bin/sh'") || has(output, "No such file or directory: 'sh'")) {
    return "it calls a shell: add `dash` to `system.build`";
  }
  if (has(output, "error: can't find Rust compiler") || has(output, "cargo: not found")) {
    return "it needs Rust; take a version that has a wheel, or add `cargo` to `system.build`";
  }
  if (const auto module = between(output, "ModuleNotFoundError: No module named '", "'")) {
    return fmt::format("add the project that brings the module `{}` to `requirements.build`", *module);
  }
  if (has(output, "Temporary failure in name resolution") || has(output, "Network is unreachable")) {
    return "builds have no network: what it downloads must be in `requirements.build` or `system.build`";
  }
  return "";
}

Error command_failure(const Step& step, const SandboxOutcome& outcome) {
  Error error(ErrorKind::Step, fmt::format("`{}` failed: {}", step.label, how_it_ended(outcome)));
  error.at(step.command->location);
  std::string words = outcome.out;
  if (!words.empty() && !words.ends_with('\n')) words += '\n';
  if (const std::string lines = last_words(words + outcome.err); !lines.empty())
    error.while_doing("the command's last words:\n" + lines);
  if (step.command->scripts)
    return error.hint(
        "nothing was published; the last line with a package's name tells whose script it is; "
        "`scripts: {PACKAGE: ignore}` under `system` leaves its scripts out");
  const bool no_network = !step.command->network && (has(outcome.err, "Temporary failure in name resolution") ||
                                                     has(outcome.err, "Network is unreachable"));
  return error.hint(no_network
                        ? "nothing was published; steps have no network unless they say `network: true`"
                        : "nothing was published; the step runs as root without privileges over the image so far, with "
                          "its `inputs` and without network unless it says `network: true`");
}

Error build_failure(const std::string& sdist_filename, const SandboxOutcome& outcome) {
  Error error(ErrorKind::Step,
              fmt::format("building a wheel from `{}` failed: {}", sdist_filename, how_it_ended(outcome)));
  if (const std::string lines = last_words(outcome.err); !lines.empty())
    error.while_doing("the build's last words:\n" + lines);
  std::string advice = advice_from_output(outcome.err);
  if (advice.empty())
    advice =
        "take a version that has a wheel, or put what the build lacks into `requirements.build` and `system.build`";
  error.hint(std::move(advice));
  return error;
}

}  // namespace mlbuild
