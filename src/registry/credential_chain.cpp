// The order of docs/credentials.md, one place after the other until one knows something. A place that is set up but
// broken ends the search: going on would push with somebody else's rights, or anonymously, and fail with a riddle.

#include "credential_helper.hpp"
#include "credential_places.hpp"
#include "docker_config.hpp"
#include "google_credentials.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/registry/credentials.hpp"

#include <fmt/format.h>

#include <mutex>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

bool matches(const std::string& host, const std::string& pattern) {
  if (!pattern.starts_with("*.")) return host == pattern;
  return host.ends_with(pattern.substr(1)) && host.size() >= pattern.size();
}

class CredentialChain final : public CredentialSource {
 public:
  CredentialChain(CredentialOptions options, HttpClient& http, const Cancellation& cancellation)
      : options_(std::move(options)), helpers_(options_, cancellation), google_(options_, http, cancellation) {}

  std::optional<RegistryCredential> find(const std::string& registry, const std::string& repository) override {
    const std::scoped_lock guard(mutex_);
    std::vector<std::string>& tried = tried_[registry];
    tried.clear();
    return with_context([&] { return fmt::format("looking for credentials for `{}`", registry); },
                        [&] { return search(registry, repository, tried); });
  }

  std::vector<std::string> tried(const std::string& registry) const override {
    const std::scoped_lock guard(mutex_);
    const auto found = tried_.find(registry);
    return found == tried_.end() ? std::vector<std::string>() : found->second;
  }

 private:
  using Tried = std::vector<std::string>;

  std::optional<RegistryCredential> search(const std::string& registry, const std::string& repository, Tried& tried) {
    if (auto credential = from_variables(registry, tried)) return credential;
    if (auto credential = from_auth_variable(registry, repository, tried)) return credential;
    for (const CredentialFile& file : credential_files(options_.environment)) {
      if (auto credential = from_file(file, registry, repository, tried)) return credential;
    }
    const std::string host = registry.substr(0, registry.find(':'));
    for (const std::string& pattern : options_.google_hosts) {
      if (matches(host, pattern) || matches(registry, pattern)) return google_.find(tried);
    }
    return std::nullopt;
  }

  // Bound to one host: without it, the password for the target would be shown to the registry of the base image, too.
  std::optional<RegistryCredential> from_variables(const std::string& registry, Tried& tried) const {
    const auto user = variable(options_.environment, "MLBUILD_REGISTRY_USER");
    const auto password = variable(options_.environment, "MLBUILD_REGISTRY_PASSWORD");
    const auto host = variable(options_.environment, "MLBUILD_REGISTRY_HOST");
    if (!user && !password) {
      tried.emplace_back("environment variable `MLBUILD_REGISTRY_USER`: not set");
      return std::nullopt;
    }
    for (const auto& [value, name] :
         {std::pair(&host, "MLBUILD_REGISTRY_HOST"), std::pair(&user, "MLBUILD_REGISTRY_USER"),
          std::pair(&password, "MLBUILD_REGISTRY_PASSWORD")}) {
      if (*value) continue;
      throw Error(ErrorKind::Step, fmt::format("environment variable `{}` is not set", name))
          .hint("`MLBUILD_REGISTRY_HOST`, `MLBUILD_REGISTRY_USER` and `MLBUILD_REGISTRY_PASSWORD` go together");
    }
    const bool is_meant = CredentialKey::parse(*host).host == CredentialKey::parse(registry).host;
    tried.push_back(
        fmt::format("environment variable `MLBUILD_REGISTRY_USER`: {}", is_meant ? "used" : "is for another registry"));
    if (!is_meant) return std::nullopt;
    return RegistryCredential{*user, *password, "", "", "environment variable `MLBUILD_REGISTRY_USER`"};
  }

  std::optional<RegistryCredential> from_auth_variable(const std::string& registry, const std::string& repository,
                                                       Tried& tried) {
    const auto text = variable(options_.environment, "DOCKER_AUTH_CONFIG");
    const std::string what = "environment variable `DOCKER_AUTH_CONFIG`";
    if (!text) {
      tried.push_back(what + ": not set");
      return std::nullopt;
    }
    return from_config(DockerConfig(CredentialRecord::parse(*text, what)), what, registry, repository, tried);
  }

  std::optional<RegistryCredential> from_file(const CredentialFile& file, const std::string& registry,
                                              const std::string& repository, Tried& tried) {
    const std::string what = fmt::format("{} `{}`", file.kind, file.path.string());
    const DockerConfig* config = read(file);
    if (config != nullptr) return from_config(*config, what, registry, repository, tried);
    tried.push_back(what + ": not there");
    return std::nullopt;
  }

  std::optional<RegistryCredential> from_config(const DockerConfig& config, const std::string& what,
                                                const std::string& registry, const std::string& repository,
                                                Tried& tried) {
    if (const auto helper = config.helper(registry)) {
      tried.push_back(fmt::format("{}, credential helper `{}`", what, *helper));
      auto credential = helpers_.get(*helper, helper_server(registry), what);
      tried.back() += credential ? ": used" : ": knows nothing";
      if (credential) return credential;
    }
    auto credential = config.entry(registry, repository);
    tried.push_back(what + (credential ? ": used" : ": no entry"));
    return credential;
  }

  /// Each file is read once, so that one run sees one state of it.
  const DockerConfig* read(const CredentialFile& file) {
    const auto known = files_.find(file.path);
    if (known != files_.end()) return known->second ? &*known->second : nullptr;
    std::error_code ignored;  // a folder that is closed to us (of another user's session) holds nothing of ours
    std::optional<DockerConfig> config;
    if (file.required || fs::exists(file.path, ignored)) config.emplace(CredentialRecord::read(file.path, file.kind));
    const auto& kept = files_.emplace(file.path, std::move(config)).first->second;
    return kept ? &*kept : nullptr;
  }

  const CredentialOptions options_;
  mutable std::mutex mutex_;
  CredentialHelpers helpers_;
  GoogleCredentials google_;
  std::map<fs::path, std::optional<DockerConfig>> files_;
  std::map<std::string, std::vector<std::string>> tried_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_credential_source(CredentialOptions options, HttpClient& http,
                                                         const Cancellation& cancellation) {
  return std::make_unique<CredentialChain>(std::move(options), http, cancellation);
}

}  // namespace mlbuild
