#include "docker_config.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 4> kHubNames = {"docker.io", "index.docker.io", "registry-1.docker.io",
                                                       "registry.hub.docker.com"};

std::string one_name(std::string host) {
  if (std::ranges::find(kHubNames, host) != kHubNames.end()) return std::string(kHubNames.front());
  return host;
}

std::string_view without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

[[noreturn]] void refuse_auth(const CredentialRecord& record, const char* wrong) {
  throw Error(ErrorKind::Step, fmt::format("{}: `auth` {}", record.what(), wrong))
      .hint("log in again; `auth` is the base64 of `user:password`");
}

RegistryCredential basic(std::string username, std::string password, const std::string& origin) {
  return {std::move(username), std::move(password), "", "", origin};
}

RegistryCredential decode_auth(const CredentialRecord& record) {
  const std::optional<std::string> pair = decode_base64(record.text("auth"));
  if (!pair) refuse_auth(record, "is no base64");
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos || colon == 0) refuse_auth(record, "does not hold a user and a password");
  std::string password = pair->substr(colon + 1);
  password.erase(password.find_last_not_of('\0') + 1);  // old versions of docker pad it
  return basic(pair->substr(0, colon), std::move(password), record.what());
}

std::optional<RegistryCredential> read_entry(const CredentialRecord& record) {
  if (const std::string token = record.text("registrytoken"); !token.empty()) {
    return RegistryCredential{"", "", "", token, record.what()};
  }
  if (const std::string token = record.text("identitytoken"); !token.empty()) {
    return RegistryCredential{"", "", token, "", record.what()};
  }
  if (!record.text("auth").empty()) return decode_auth(record);
  if (!record.text("username").empty()) return basic(record.text("username"), record.text("password"), record.what());
  return std::nullopt;
}

struct Candidate {
  std::string text;
  CredentialKey key;
};

/// The keys that speak of `wanted`, the most telling first.
std::vector<Candidate> candidates(const CredentialRecord& auths, const std::string& registry,
                                  const CredentialKey& wanted) {
  std::vector<Candidate> found;
  for (std::string& name : auths.names()) {
    CredentialKey key = CredentialKey::parse(name);
    if (key.covers(wanted)) found.push_back({std::move(name), std::move(key)});
  }
  std::ranges::stable_sort(found, [&](const Candidate& one, const Candidate& other) {
    const auto rank = [&](const Candidate& it) { return std::pair(it.key.name_space.size(), it.text == registry); };
    return rank(one) > rank(other);
  });
  return found;
}

}  // namespace

CredentialKey CredentialKey::parse(std::string_view key) {
  const std::size_t scheme = key.find("://");
  if (scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  const std::size_t slash = std::min(key.find('/'), key.size());
  const std::string_view path = without_slashes(key.substr(slash));
  const bool names_api = scheme != std::string_view::npos || path == "v1" || path == "v2";
  return {one_name(to_lower(key.substr(0, slash))), names_api ? std::string() : std::string(path)};
}

bool CredentialKey::covers(const CredentialKey& wanted) const {
  if (host != wanted.host) return false;
  return name_space.empty() || name_space == wanted.name_space || wanted.name_space.starts_with(name_space + "/");
}

std::string helper_server(const std::string& registry) {
  const std::string host = CredentialKey::parse(registry).host;
  return host == kHubNames.front() ? "https://index.docker.io/v1/" : registry;
}

std::optional<std::string> DockerConfig::helper(const std::string& registry) const {
  const std::string host = CredentialKey::parse(registry).host;
  if (const auto helpers = record_.record("credHelpers")) {
    for (const std::string& name : helpers->names()) {
      if (CredentialKey::parse(name).host != host) continue;
      // An empty name turns the general helper off for this registry.
      const std::string helper = helpers->text(name);
      return helper.empty() ? std::nullopt : std::optional(helper);
    }
  }
  const std::string store = record_.text("credsStore");
  return store.empty() ? std::nullopt : std::optional(store);
}

std::optional<RegistryCredential> DockerConfig::entry(const std::string& registry,
                                                      const std::string& repository) const {
  const auto auths = record_.record("auths");
  if (!auths) return std::nullopt;
  const CredentialKey wanted{CredentialKey::parse(registry).host, repository};
  for (const Candidate& candidate : candidates(*auths, registry, wanted)) {
    const auto record = auths->record(candidate.text);
    if (!record) continue;
    if (auto credential = read_entry(*record)) return credential;
  }
  return std::nullopt;
}

}  // namespace mlbuild
