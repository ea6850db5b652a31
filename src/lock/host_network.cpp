#include "host_network.hpp"

#include "netrc.hpp"

#include "mlbuild/sys/file.hpp"

#include <array>
#include <cstdlib>
#include <optional>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNameFiles = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"};
constexpr std::array kProxyVariables = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
                                        "http_proxy", "https_proxy", "all_proxy", "no_proxy"};
constexpr std::array kBundleVariables = {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"};
constexpr const char* kDefaultBundle = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* kBundleInside = "/mlbuild/ca-certificates.crt";

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// The file behind links; nothing when there is none.
std::optional<fs::path> real_file(const fs::path& path) {
  std::error_code failure;
  fs::path real = fs::canonical(path, failure);
  if (failure || !fs::is_regular_file(real, failure)) return std::nullopt;
  return real;
}

std::optional<fs::path> certificate_bundle() {
  for (const char* name : kBundleVariables) {
    if (const auto value = variable(name)) {
      if (auto file = real_file(*value)) return file;
    }
  }
  return real_file(kDefaultBundle);
}

}  // namespace

void add_host_network(SandboxJob& job) {
  for (const char* name : kNameFiles) {
    if (const auto file = real_file(name)) job.mounts.push_back({*file, name, false});
  }
  if (const auto bundle = certificate_bundle()) {
    job.mounts.push_back({*bundle, kBundleInside, false});
    job.env["SSL_CERT_FILE"] = kBundleInside;
  }
  for (const char* name : kProxyVariables) {
    if (const auto value = variable(name)) job.env[name] = *value;
  }
}

std::string host_credentials(const std::set<std::string>& hosts) {
  const std::optional<std::string> home = variable("HOME");
  const std::string fallback = home ? *home + "/.netrc" : "";
  const auto file = real_file(variable("NETRC").value_or(fallback));
  return file ? netrc_for_hosts(read_text_file(*file, 1U << 20U), hosts) : "";
}

}  // namespace mlbuild
