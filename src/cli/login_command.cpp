#include "commands.hpp"
#include "json_text.hpp"
#include "secret_input.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/registry/login.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

struct LoginOptions {
  std::string registry;
  std::string user;
  bool password_stdin = false;
  bool insecure = false;
};

// A password is never an argument: those are seen by everybody on the machine and kept by shells.
RegistryCredential ask_for_credential(const LoginOptions& options, const LoginTarget& target, World& world) {
  RegistryCredential credential;
  credential.username = options.user;
  if (options.password_stdin) {
    if (options.user.empty()) {
      throw Error(ErrorKind::Usage, "`--password-stdin` needs a user").hint("add `-u USER`");
    }
    credential.password = read_secret_from_stdin(world.cancellation());
  } else if (stdin_is_terminal()) {
    const Cancellation& cancellation = world.cancellation();
    if (options.user.empty()) {
      credential.username = ask_at_terminal(fmt::format("user of {}: ", target.to_string()), false, cancellation);
    }
    credential.password = ask_at_terminal("password: ", true, cancellation);
  } else {
    throw Error(ErrorKind::Usage, "there is no terminal to ask for a password")
        .hint("pipe it in: `mlbuild login -u USER --password-stdin HOST <FILE`");
  }
  if (credential.password.empty()) throw Error(ErrorKind::Usage, "the password is empty");
  return credential;
}

void warn(std::string text, World& world) { world.events().on(WarningRaised{std::move(text)}); }

/// What files and helpers answer for the target now. The work itself is done: that one of them cannot be read is a
/// warning.
std::optional<RegistryCredential> find_again(const LoginTarget& target, World& world) {
  CredentialOptions options;
  options.environment = whole_environment();
  options.google_hosts.clear();
  try {
    return make_credential_source(std::move(options), world.http(), world.cancellation())
        ->find(target.registry, target.name_space);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Interrupted || error.kind() == ErrorKind::Internal) throw;
    warn(fmt::format("what else keeps logins could not be asked: {}", error.message()), world);
    return std::nullopt;
  }
}

int log_in(const LoginOptions& options, World& world) {
  const LoginTarget target = LoginTarget::parse(options.registry);
  const RegistryCredential credential = ask_for_credential(options, target, world);
  RegistryOptions registry_options;
  registry_options.plain_http = options.insecure;
  const LoginCheck check = check_login(target, credential, world.http(), world.cancellation(), registry_options);
  const std::filesystem::path file = write_login(whole_environment(), target, credential.username, credential.password);
  world.note(fmt::format("logged in to {}; kept in {}\n", target.to_string(), file.string()));
  if (check == LoginCheck::NotAsked) warn("the registry asked for no login, so it could not be checked", world);
  const auto found = find_again(target, world);
  if (found && found->password != credential.password)
    warn(fmt::format("this login is not used, because {} comes first", found->origin), world);
  if (world.json()) {
    world.print(json_text(
        {{"registry", target.to_string()}, {"file", file.string()}, {"checked", check == LoginCheck::Accepted}}));
  }
  return 0;
}

int log_out(const LoginOptions& options, World& world) {
  const LoginTarget target = LoginTarget::parse(options.registry);
  const std::vector<std::filesystem::path> files = remove_login(whole_environment(), target);
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const auto& file : files) names.push_back(file.string());
  const auto found = find_again(target, world);
  if (files.empty() && !found) {
    throw Error(ErrorKind::Usage, fmt::format("there is no login to `{}`", target.to_string()))
        .hint("a login to a part of a registry is taken out by its whole name, e.g. `registry.example/team`");
  }
  if (!files.empty())
    world.note(fmt::format("logged out of {}; taken out of {}\n", target.to_string(), join(names, ", ")));
  if (found) warn(fmt::format("credentials are still found: {}", found->origin), world);
  if (world.json()) world.print(json_text({{"registry", target.to_string()}, {"files", names}}));
  return 0;
}

}  // namespace

void add_login_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<LoginOptions>();
  CLI::App* command = program.add_subcommand("login", "check a user and password with a registry and keep them");
  command->add_option("registry", options->registry, "HOST[:PORT], or HOST/NAMESPACE for a part of it")->required();
  command->add_option("-u,--username", options->user, "user; asked for at a terminal");
  command->add_flag("--password-stdin", options->password_stdin, "read the password from standard input");
  command->add_flag("--insecure", options->insecure, "speak http with it; loopback needs none");
  command->footer("example: mlbuild login -u _json_key --password-stdin europe-docker.pkg.dev <key.json");
  command->callback([options, &chosen] { chosen = [options](World& world) { return log_in(*options, world); }; });
}

void add_logout_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<LoginOptions>();
  CLI::App* command = program.add_subcommand("logout", "forget a login");
  command->add_option("registry", options->registry, "HOST[:PORT], or HOST/NAMESPACE for a part of it")->required();
  command->footer("example: mlbuild logout registry.example");
  command->callback([options, &chosen] { chosen = [options](World& world) { return log_out(*options, world); }; });
}

}  // namespace mlbuild::cli
