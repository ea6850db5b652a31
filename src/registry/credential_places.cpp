#include "credential_places.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr const char* kContainers = "containers auth.json";

/// podman, skopeo and buildah keep logins of a session in memory; without XDG_RUNTIME_DIR they know a place of their
/// own.
fs::path runtime_file(const EnvironmentMap& environment) {
  if (const auto runtime = variable(environment, "XDG_RUNTIME_DIR")) return fs::path(*runtime) / "containers/auth.json";
  return fmt::format("/run/containers/{}/auth.json", ::getuid());
}

std::optional<CredentialFile> named_file(const EnvironmentMap& environment) {
  const auto path = variable(environment, "REGISTRY_AUTH_FILE");
  if (!path) return std::nullopt;
  return CredentialFile{.path = *path, .kind = "REGISTRY_AUTH_FILE", .required = true};
}

std::optional<fs::path> docker_file(const EnvironmentMap& environment) {
  if (const auto directory = variable(environment, "DOCKER_CONFIG")) return fs::path(*directory) / "config.json";
  if (const auto home = variable(environment, "HOME")) return fs::path(*home) / ".docker/config.json";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> variable(const EnvironmentMap& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<fs::path> config_file(const EnvironmentMap& environment, const std::string& name) {
  if (const auto config = variable(environment, "XDG_CONFIG_HOME")) return fs::path(*config) / name;
  if (const auto home = variable(environment, "HOME")) return fs::path(*home) / ".config" / name;
  return std::nullopt;
}

std::vector<CredentialFile> credential_files(const EnvironmentMap& environment) {
  std::vector<CredentialFile> files;
  if (const auto named = named_file(environment)) files.push_back(*named);
  files.push_back({.path = runtime_file(environment), .kind = kContainers});
  if (const auto config = config_file(environment, "containers/auth.json"))
    files.push_back({.path = *config, .kind = kContainers});
  if (const auto docker = docker_file(environment))
    files.push_back({.path = *docker, .kind = "docker config", .is_dockers = true});
  return files;
}

CredentialFile login_file(const EnvironmentMap& environment) {
  if (const auto named = named_file(environment)) return *named;
  if (variable(environment, "XDG_RUNTIME_DIR")) {
    return {.path = runtime_file(environment), .kind = kContainers};
  }
  if (const auto config = config_file(environment, "containers/auth.json")) {
    return {.path = *config, .kind = kContainers};
  }
  throw Error(ErrorKind::Usage, "neither HOME nor XDG_CONFIG_HOME is set, so there is no place for a login")
      .hint("say where with the environment variable `REGISTRY_AUTH_FILE`");
}

}  // namespace mlbuild
