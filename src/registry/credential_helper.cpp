#include "credential_helper.hpp"

#include "credential_record.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace mlbuild {
namespace {

constexpr std::chrono::minutes kKeepAnswers{5};
constexpr std::size_t kOutputLimitBytes = 1U << 20U;
constexpr std::size_t kShownBytes = 300;
constexpr std::string_view kNothingFound = "credentials not found in native keychain";
constexpr const char* kMeansIdentityToken = "<token>";

/// What a name may be made of: it becomes part of a program's name, and "/" would leave PATH.
bool is_plain_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

std::optional<std::filesystem::path> find_in_path(const std::string& program,
                                                  const std::map<std::string, std::string>& environment) {
  const auto path = environment.find("PATH");
  if (path == environment.end()) return std::nullopt;
  for (const std::string_view directory : split(path->second, ':')) {
    if (!directory.starts_with('/')) continue;
    if (auto found = find_program((std::filesystem::path(directory) / program).string())) return found;
  }
  return std::nullopt;
}

/// What a failed helper has to say. By protocol the message is on stdout, which may also hold a secret; then only
/// stderr is shown.
std::string complaint(const CommandResult& result) {
  const bool may_hold_secret = result.out.find('{') != std::string::npos;
  const std::string_view text = trim(result.err).empty() && !may_hold_secret ? trim(result.out) : trim(result.err);
  return printable(text.substr(0, kShownBytes));
}

/// Some helpers answer with an empty user and secret where they know nothing.
std::optional<RegistryCredential> read_answer(const std::string& text, const std::string& program,
                                              const std::string& where) {
  const CredentialRecord answer = CredentialRecord::parse(text, fmt::format("the answer of `{}`", program));
  const std::string origin = fmt::format("{}, credential helper `{}`", where, program);
  const std::string username = answer.text("Username");
  if (username.empty() && answer.text("Secret").empty()) return std::nullopt;
  if (username == kMeansIdentityToken) return RegistryCredential{"", "", answer.required("Secret"), "", origin};
  return RegistryCredential{answer.required("Username"), answer.text("Secret"), "", "", origin};
}

Error failure(const std::string& program, const std::string& server, const CommandResult& result,
              std::chrono::milliseconds deadline) {
  std::string how = fmt::format("ended with {}", result.code);
  if (result.end == CommandResult::End::Signaled) how = fmt::format("was ended by signal {}", result.code);
  if (result.end == CommandResult::End::DeadlinePassed) how = fmt::format("did not answer in {} ms", deadline.count());
  const std::string words = complaint(result);
  Error error(ErrorKind::Step,
              fmt::format("credential helper `{}` {}{}{}", program, how, words.empty() ? "" : ": ", words));
  error.hint(fmt::format("try it by hand: `echo {} | {} get` (it prints the secret)", server, program));
  return error;
}

}  // namespace

std::map<std::string, std::string> environment_for_programs(const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> rest = environment;
  for (const char* secret : {"MLBUILD_REGISTRY_PASSWORD", "DOCKER_AUTH_CONFIG"}) rest.erase(secret);
  return rest;
}

std::optional<RegistryCredential> CredentialHelpers::get(const std::string& name, const std::string& server,
                                                         const std::string& where) {
  const std::string key = name + "\n" + server;
  const auto kept = kept_.find(key);
  if (kept != kept_.end() && options_.now() - kept->second.asked_at < kKeepAnswers) return kept->second.credential;

  const std::string program = "docker-credential-" + name;
  if (!is_plain_name(name)) {
    throw Error(ErrorKind::Step, fmt::format("{} names a credential helper `{}`, which is no name of a program", where,
                                             printable(name)));
  }
  const auto path = find_in_path(program, options_.environment);
  if (!path) {
    throw Error(ErrorKind::Step, fmt::format("{} names credential helper `{}`, which is not in PATH", where, program))
        .hint(fmt::format("install it, or take `{}` out of the file", name));
  }
  Command command;
  command.argv = {path->string(), "get"};
  command.env = environment_for_programs(options_.environment);
  command.standard_input = server + "\n";
  command.deadline = options_.helper_deadline;
  command.output_limit_bytes = kOutputLimitBytes;
  const CommandResult result = run_command(command, cancellation_);
  std::optional<RegistryCredential> credential;
  if (result.ok()) {
    credential = read_answer(result.out, program, where);
  } else if (result.end != CommandResult::End::Exited || trim(result.out) != kNothingFound) {
    throw failure(program, server, result, options_.helper_deadline);
  }
  kept_[key] = {credential, options_.now()};
  return credential;
}

}  // namespace mlbuild
