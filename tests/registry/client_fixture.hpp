#pragma once

#include "registry/fake_registry.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"
#include "mlbuild/registry/client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mlbuild::test {

/// Knows one credential, whoever asks.
class OneCredential final : public CredentialSource {
 public:
  explicit OneCredential(RegistryCredential credential) : credential_(std::move(credential)) {}
  std::optional<RegistryCredential> find(const std::string&, const std::string&) override { return credential_; }
  std::vector<std::string> tried(const std::string&) const override { return {"the test's credential"}; }

 private:
  RegistryCredential credential_;
};

inline std::unique_ptr<CredentialSource> login(const std::string& user, const std::string& password) {
  RegistryCredential credential;
  credential.username = user;
  credential.password = password;
  return std::make_unique<OneCredential>(credential);
}

inline std::unique_ptr<CredentialSource> identity(const std::string& token) {
  RegistryCredential credential;
  credential.identity_token = token;
  return std::make_unique<OneCredential>(credential);
}

inline std::unique_ptr<CredentialSource> ready_token(const std::string& token) {
  RegistryCredential credential;
  credential.registry_token = token;
  return std::make_unique<OneCredential>(credential);
}

/// A client that wastes no time, and a registry of the given manners.
class RegistryClientTest : public testing::Test {
 protected:
  void start(RegistryManners manners, std::unique_ptr<CredentialSource> credentials = nullptr) {
    registry_ = std::make_unique<FakeRegistry>(std::move(manners));
    credentials_ = credentials ? std::move(credentials) : std::make_unique<AnonymousCredentials>();
    RegistryOptions options;
    options.backoff_base = std::chrono::milliseconds(1);
    client_ = std::make_unique<RegistryClient>(registry_->host(), *http_, *credentials_, cancellation_, options);
  }
  static HttpTuning impatient() {
    HttpTuning tuning;
    tuning.backoff_base = std::chrono::milliseconds(1);
    tuning.upload_stall_time = std::chrono::seconds(2);
    tuning.tries = 3;
    return tuning;
  }
  BlobToPush blob(const std::string& content) {
    return {BlobDigest(sha256(content)),
            content.size(),
            [content] {
              struct Owner final : Source {
                explicit Owner(std::string text) : text_(std::move(text)), source_(as_bytes(text_)) {}
                std::size_t read(MutableByteSpan buffer) override { return source_.read(buffer); }
                std::string text_;
                SpanSource source_;
              };
              return std::make_unique<Owner>(content);
            },
            {}};
  }
  BlobPush push(const std::string& content, std::vector<std::string> mount_from = {}) {
    BlobToPush one = blob(content);
    one.mount_from = std::move(mount_from);
    return client_->push_blob("team/app", one, nullptr);
  }
  template <class Body>
  static Error failure_of(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, "none"};
  }
  static std::string text_of(const Error& error) {
    std::string text = error.message() + "\n" + error.hint_text();
    for (const std::string& context : error.context()) text += "\n" + context;
    return text;
  }

  Cancellation cancellation_;
  std::unique_ptr<HttpClient> http_ = make_http_client(cancellation_, impatient());
  std::unique_ptr<CredentialSource> credentials_;
  std::unique_ptr<FakeRegistry> registry_;
  std::unique_ptr<RegistryClient> client_;
};

}  // namespace mlbuild::test
