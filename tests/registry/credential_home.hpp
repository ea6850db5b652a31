#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace mlbuild::test {

/// Goes into every password and token of these tests and must come up in no message.
inline constexpr const char* kSecret = "s3cr3t-canary";

/// A user with a home of their own, files with logins, credential helpers as shell scripts, and a clock to turn.
/// Nothing outside is asked for: no metadata server, no other PATH.
class CredentialHome {
 public:
  CredentialHome();

  std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }
  std::string write(const std::string& name, const std::string& text);        ///< returns the path
  void add_helper(const std::string& name, const std::string& shell_script);  ///< counts its runs
  int runs(const std::string& helper) const;
  void set(const std::string& variable, const std::string& value) { options.environment[variable] = value; }
  void pass(std::chrono::seconds time) { now_ += time; }
  std::chrono::system_clock::time_point now() const { return now_; }

  CredentialSource& source();  ///< made at the first call
  void forget() { source_.reset(); }
  std::optional<RegistryCredential> find(const std::string& registry, const std::string& repository = "team/app");
  /// The error that find() throws, all of its text in one.
  std::string failure(const std::string& registry);

  CredentialOptions options;
  Cancellation cancellation;

 private:
  TempDir directory_;
  std::chrono::system_clock::time_point now_ = std::chrono::system_clock::now();
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CredentialSource> source_;
};

/// Message, context and hint: all that a user gets to see.
std::string all_text(const Error& error);

/// {"auths": {key: {"auth": base64 of user:password}}}
std::string auths(const std::string& key, const std::string& user, const std::string& password = kSecret);

}  // namespace mlbuild::test
