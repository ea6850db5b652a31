#pragma once

#include "mlbuild/index/site.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/registry/registries_conf.hpp"
#include "mlbuild/report/profile.hpp"
#include "mlbuild/report/progress.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild::cli {

/// What every command may be given.
struct GlobalOptions {
  std::string store;            ///< --store; empty: $XDG_CACHE_HOME/mlbuild or ~/.cache/mlbuild
  std::string format = "text";  ///< text | json
  std::size_t threads = 0;      ///< 0: one per processor
  std::string sandbox;          ///< --sandbox: "", "auto" or "require:L0".."require:L3"
  bool quiet = false;
  bool profile = false;                         ///< --profile
  std::uint64_t retry_seconds = 600;            ///< --retry-for
  std::vector<std::string> trailing_arguments;  ///< of `run`: what comes after `--`
};

/// The objects that commands work with, each made at its first use: a command that only reads opens no connection.
class World {
 public:
  World(const GlobalOptions& options, const Cancellation& cancellation);

  std::filesystem::path store_path() const;
  DiskStore& store();
  HttpClient& http();
  CredentialSource& credentials();  ///< of registries
  /// With whether the user said that `host` speaks http, and where else its images can be read.
  RegistryOptions registry_options(const std::string& host);
  /// One client for each registry, so that all that talk to it share its limit, its tokens and its pauses.
  const std::shared_ptr<RegistryClient>& registry(const std::string& host);
  const SiteConfig& site();
  Sandbox& sandbox();
  /// The level that code ran at; nothing when none had to run.
  std::optional<SandboxLevel> sandbox_level() const { return sandbox_ ? sandbox_->known_level() : std::nullopt; }
  EventSink& events();
  const Cancellation& cancellation() const { return cancellation_; }
  std::size_t threads() const;
  BuildContext build_context();
  BuildContext plan_context();  ///< for what fetches nothing, so that it works with indexes and mirrors that do not
  /// Registries that are spoken http with; to be told before one is asked.
  void set_insecure_registries(std::vector<std::string> hosts) { insecure_registries_ = std::move(hosts); }
  std::unique_ptr<BaseSource> open_base(const Spec& spec, const ForeignBase& base);
  void end_progress() { events_.reset(); }  ///< before a summary is printed
  void print_profile();                     ///< when the command is done; nothing unless the user wants it

  const std::vector<std::string>& trailing_arguments() const { return options_.trailing_arguments; }
  bool json() const { return options_.format == "json"; }
  bool quiet() const { return options_.quiet; }
  void print(const std::string& text) const;  ///< stdout: data
  void note(const std::string& text) const;   ///< stderr: everything else

 private:
  BuildContext context_with(const SiteConfig& site);
  const GlobalOptions& options_;
  const Cancellation& cancellation_;
  std::unique_ptr<DiskStore> store_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CredentialSource> credentials_;
  std::optional<RegistriesConf> registries_conf_;
  std::optional<SiteConfig> site_;
  std::unique_ptr<Sandbox> sandbox_;
  double start_seconds_;
  std::optional<Profile> profile_;
  std::unique_ptr<EventSink> events_;
  std::vector<std::string> insecure_registries_;
  std::map<std::string, std::shared_ptr<RegistryClient>> registries_;
};

std::optional<std::string> environment_variable(const std::string& name);
std::map<std::string, std::string> whole_environment();
Colour colour_for_stderr();

}  // namespace mlbuild::cli
