#include "world.hpp"

#include "registry_caches.hpp"
#include "sandbox_option.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/ranged_client.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace mlbuild::cli {
namespace {

bool write_out(std::FILE* stream, const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// containers-certs.d(5), and docker's.
std::vector<std::filesystem::path> certs_directories() {
  std::vector<std::filesystem::path> directories{"/etc/containers/certs.d", "/etc/docker/certs.d"};
  if (const auto home = environment_variable("HOME")) {
    directories.insert(directories.begin(), std::filesystem::path(*home) / ".config/containers/certs.d");
  }
  return directories;
}

bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1 && environment_variable("TERM").value_or("") != "dumb";
}

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

ProcessCost process_cost(double seconds) {
  rusage own{};
  rusage children{};
  ::getrusage(RUSAGE_SELF, &own);
  ::getrusage(RUSAGE_CHILDREN, &children);
  return {seconds, cpu_seconds(own), cpu_seconds(children), static_cast<std::uint64_t>(own.ru_maxrss) * 1024};
}

}  // namespace

World::World(const GlobalOptions& options, const Cancellation& cancellation)
    : options_(options), cancellation_(cancellation), start_seconds_(monotonic_seconds()) {
  if (options_.profile) profile_.emplace(monotonic_seconds);
}

std::map<std::string, std::string> whole_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Colour colour_for_stderr() {
  return stderr_is_terminal() && !environment_variable("NO_COLOR") ? Colour::Always : Colour::Never;
}

std::filesystem::path World::store_path() const {
  if (!options_.store.empty()) return std::filesystem::absolute(options_.store);
  if (const auto own = environment_variable("MLBUILD_STORE")) return *own;
  if (const auto cache = environment_variable("XDG_CACHE_HOME")) return std::filesystem::path(*cache) / "mlbuild";
  if (const auto home = environment_variable("HOME")) return std::filesystem::path(*home) / ".cache/mlbuild";
  throw Error(ErrorKind::Usage, "neither HOME nor XDG_CACHE_HOME is set, so there is no place for the store")
      .hint("say where with `--store DIR`");
}

DiskStore& World::store() {
  if (!store_) store_ = std::make_unique<DiskStore>(store_path());
  return *store_;
}

HttpClient& World::http() {
  if (!http_) {
    HttpTuning tuning;
    tuning.retry_time = std::chrono::seconds(options_.retry_seconds);
    events();  // made by this thread, before others tell anything
    tuning.tell = [this](const std::string& text) { events().on(WarningRaised{text}); };
    http_ = make_ranged_client(make_http_client(cancellation_, tuning, certs_directories()));
  }
  return *http_;
}

CredentialSource& World::credentials() {
  if (!credentials_) {
    CredentialOptions options;
    options.environment = whole_environment();
    credentials_ = make_credential_source(std::move(options), http(), cancellation_);
  }
  return *credentials_;
}

RegistryOptions World::registry_options(const std::string& host) {
  if (!registries_conf_) registries_conf_ = read_registries_conf(whole_environment());
  RegistryOptions options;
  options.plain_http = std::ranges::find(insecure_registries_, host) != insecure_registries_.end();
  options.retry_time = std::chrono::seconds(options_.retry_seconds);
  options.registries_conf = &*registries_conf_;
  return options;
}

const std::shared_ptr<RegistryClient>& World::registry(const std::string& host) {
  std::shared_ptr<RegistryClient>& client = registries_[host];
  if (!client)
    client = std::make_shared<RegistryClient>(host, http(), credentials(), cancellation_, registry_options(host));
  return client;
}

const SiteConfig& World::site() {
  if (!site_) site_ = read_site_config(environment_variable);
  return *site_;
}

Sandbox& World::sandbox() {
  if (!sandbox_) {
    SandboxPolicy policy{weakest_sandbox(options_.sandbox, environment_variable("MLBUILD_SANDBOX")),
                         [this](const std::string& text) { events().on(WarningRaised{text}); }};
    events();  // made by this thread, before others tell anything
    sandbox_ = make_namespace_sandbox(find_sandbox_helper(), store().root() / "tmp", std::move(policy));
  }
  return *sandbox_;
}

EventSink& World::events() {
  if (events_) return *events_;
  const TextOut out = [](const std::string& text) { write_out(stderr, text); };
  if (options_.quiet) {
    events_ = make_quiet_reporter(out);
  } else if (stderr_is_terminal()) {
    events_ = make_terminal_reporter(out, monotonic_seconds, colour_for_stderr());
  } else {
    events_ = make_plain_reporter(out, monotonic_seconds);
  }
  if (profile_) events_ = with_profile(std::move(events_), *profile_);
  return *events_;
}

void World::print_profile() {
  if (!profile_) return;
  end_progress();
  write_out(stderr, profile_->text(process_cost(monotonic_seconds() - start_seconds_)));
}

std::size_t World::threads() const {
  return options_.threads > 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::unique_ptr<BaseSource> World::open_base(const Spec& spec, const ForeignBase& base) {
  const std::string& reference = base.reference.value;
  if (base.kind == ForeignBase::Kind::Oci) {
    const LayoutReference layout = split_layout_reference(reference);
    return open_layout_image(spec.directory / layout.directory, layout.tag);
  }
  if (base.kind == ForeignBase::Kind::Archive) return open_archive_image(spec.directory / reference);
  oci::Reference where = oci::Reference::parse(reference);
  if (where.tag.empty() && !where.digest) where.tag = "latest";
  return open_registry_image(registry(where.host), where);
}

BuildContext World::build_context() { return context_with(site()); }

BuildContext World::plan_context() {
  static const SiteConfig none;
  return context_with(none);
}

BuildContext World::context_with(const SiteConfig& site) {
  BuildContext context{store(), http(), sandbox(), site, cancellation_, events(), threads()};
  context.open_base = [this](const Spec& spec, const ForeignBase& base) { return open_base(spec, base); };
  return context;
}

void World::print(const std::string& text) const {
  if (write_out(stdout, text)) return;
  throw Error(ErrorKind::Io, fmt::format("cannot write to stdout: {}", std::generic_category().message(errno)))
      .hint("the work itself is done and kept: the same command again is quick");
}

void World::note(const std::string& text) const {
  if (!options_.quiet) write_out(stderr, text);
}

}  // namespace mlbuild::cli
