#include "google_credentials.hpp"

#include "credential_places.hpp"
#include "credential_record.hpp"
#include "google_account.hpp"
#include "google_metadata.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUser = "oauth2accesstoken";  // Artifact Registry, "Authentication with an access token"
constexpr const char* kFileOfGcloud = "application_default_credentials.json";

std::optional<fs::path> file_of_gcloud(const EnvironmentMap& environment) {
  if (const auto directory = variable(environment, "CLOUDSDK_CONFIG")) return fs::path(*directory) / kFileOfGcloud;
  if (const auto home = variable(environment, "HOME")) return fs::path(*home) / ".config/gcloud" / kFileOfGcloud;
  return std::nullopt;
}

GoogleToken fetch_token(GoogleTokenSource& source) {
  try {
    return source.fetch();
  } catch (Error& failure) {  // sources that know better have said so already
    throw failure.hint(
        "it may be revoked or expired; name another file in `GOOGLE_APPLICATION_CREDENTIALS`, or `mlbuild login`");
  }
}

}  // namespace

GoogleCredentials::GoogleCredentials(const CredentialOptions& options, HttpClient& http,
                                     const Cancellation& cancellation)
    : options_(options), context_{options_, http, cancellation} {}

void GoogleCredentials::look_for_source(std::vector<std::string>& tried) {
  const auto named = variable(options_.environment, "GOOGLE_APPLICATION_CREDENTIALS");
  if (named) {
    tried.push_back(fmt::format("GOOGLE_APPLICATION_CREDENTIALS `{}`: used", *named));
    source_ = read_google_account(CredentialRecord::read(*named, "GOOGLE_APPLICATION_CREDENTIALS"), context_);
    return;
  }
  tried.emplace_back("environment variable `GOOGLE_APPLICATION_CREDENTIALS`: not set");
  const auto file = file_of_gcloud(options_.environment);
  std::error_code ignored;  // what may not be looked at is not there
  if (file && fs::exists(*file, ignored)) {
    tried.push_back(fmt::format("Google's application default credentials `{}`: used", file->string()));
    source_ = read_google_account(CredentialRecord::read(*file, "Google's application default credentials"), context_);
    return;
  }
  if (file) tried.push_back(fmt::format("Google's application default credentials `{}`: not there", file->string()));
  source_ = find_metadata_server(context_, tried);
}

std::optional<RegistryCredential> GoogleCredentials::find(std::vector<std::string>& tried) {
  if (!looked_) {
    std::vector<std::string> looked_at;
    try {
      look_for_source(looked_at);
    } catch (...) {
      tried.insert(tried.end(), looked_at.begin(), looked_at.end());
      throw;
    }
    looked_at_ = std::move(looked_at);
    looked_ = true;
  }
  tried.insert(tried.end(), looked_at_.begin(), looked_at_.end());
  if (!source_) return std::nullopt;
  // 80 %: the rest is for the request itself, and for clocks that differ.
  const auto now = options_.now();
  if (!token_ || now - asked_at_ >= token_->lifetime * 4 / 5) {
    token_ = with_context([&] { return fmt::format("getting an access token of Google with {}", source_->describe()); },
                          [&] { return fetch_token(*source_); });
    asked_at_ = now;
  }
  return RegistryCredential{kUser, token_->value, "", "", "Google, " + source_->describe()};
}

}  // namespace mlbuild
