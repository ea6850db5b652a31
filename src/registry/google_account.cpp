#include "google_account.hpp"

#include "google_exchange.hpp"
#include "google_impersonation.hpp"
#include "google_jwt.hpp"
#include "login_encoding.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr const char* kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr std::chrono::seconds kJwtLifetime{3600};  // the longest that Google takes
constexpr int kMaxNesting = 3;                      // of impersonations

std::string token_url(const CredentialRecord& record, const std::string& name, const std::string& otherwise) {
  const std::string url = record.text(name);
  return checked_endpoint(url.empty() ? otherwise : url, fmt::format("{}: `{}`", record.what(), name));
}

/// Google, "Using OAuth 2.0 for Server to Server Applications", the flow without a client library; RFC 7523, 2.1.
class ServiceAccount final : public GoogleTokenSource {
 public:
  ServiceAccount(const CredentialRecord& record, const GoogleContext& context)
      : context_(context),
        what_(record.what()),
        email_(record.required("client_email")),
        private_key_(record.required("private_key")),
        key_id_(record.text("private_key_id")),
        token_url_(token_url(record, "token_uri", kTokenUrl)) {}

  GoogleToken fetch() override {
    return ask_for_token(context_,
                         form_request(token_url_, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                                   {"assertion", assertion()}}));
  }
  std::string describe() const override { return fmt::format("service account `{}`", printable(email_)); }

 private:
  // The audience is always the public address, wherever the request goes (Google's text, "aud"; google-auth does so).
  std::string assertion() const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(context_.options.now().time_since_epoch());
    const json claims = {{"iss", email_},
                         {"scope", kGoogleScope},
                         {"aud", kTokenUrl},
                         {"iat", now.count()},
                         {"exp", (now + kJwtLifetime).count()}};
    return with_context([&] { return fmt::format("reading {}", what_); },
                        [&] { return signed_jwt(claims, key_id_, private_key_); });
  }

  const GoogleContext context_;
  const std::string what_;
  const std::string email_;
  const std::string private_key_;
  const std::string key_id_;
  const std::string token_url_;
};

/// RFC 6749, 6: what `gcloud auth application-default login` leaves.
class AuthorizedUser final : public GoogleTokenSource {
 public:
  AuthorizedUser(const CredentialRecord& record, const GoogleContext& context)
      : context_(context),
        client_id_(record.required("client_id")),
        client_secret_(record.required("client_secret")),
        refresh_token_(record.required("refresh_token")),
        token_url_(token_url(record, "token_uri", kTokenUrl)) {}

  GoogleToken fetch() override {
    try {
      return ask_for_token(context_, form_request(token_url_, {{"grant_type", "refresh_token"},
                                                               {"client_id", client_id_},
                                                               {"client_secret", client_secret_},
                                                               {"refresh_token", refresh_token_}}));
    } catch (Error& failure) {
      throw failure.hint("log in again with `gcloud auth application-default login`");
    }
  }
  std::string describe() const override { return "login of a user"; }

 private:
  const GoogleContext context_;
  const std::string client_id_;
  const std::string client_secret_;
  const std::string refresh_token_;
  const std::string token_url_;
};

/// The login of a workforce identity: as above, but at the STS and with the client's secret as Basic.
class ExternalUser final : public GoogleTokenSource {
 public:
  ExternalUser(const CredentialRecord& record, const GoogleContext& context)
      : context_(context),
        client_id_(record.required("client_id")),
        client_secret_(record.required("client_secret")),
        refresh_token_(record.required("refresh_token")),
        token_url_(token_url(record, "token_url", "https://sts.googleapis.com/v1/oauthtoken")) {}

  GoogleToken fetch() override {
    GoogleRequest request =
        form_request(token_url_, {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token_}});
    request.headers["Authorization"] = basic_authorization(client_id_, client_secret_);
    return ask_for_token(context_, request);
  }
  std::string describe() const override { return "login of a workforce user"; }

 private:
  const GoogleContext context_;
  const std::string client_id_;
  const std::string client_secret_;
  const std::string refresh_token_;
  const std::string token_url_;
};

std::unique_ptr<GoogleTokenSource> read_account(const CredentialRecord& record, const GoogleContext& context,
                                                int nesting);

std::unique_ptr<GoogleTokenSource> read_impersonated(const CredentialRecord& record, const GoogleContext& context,
                                                     int nesting) {
  const auto source = record.record("source_credentials");
  if (!source) throw Error(ErrorKind::Step, fmt::format("{}: `source_credentials` is missing", record.what()));
  Impersonation target;
  target.url = token_url(record, "service_account_impersonation_url", "");
  target.delegates = record.texts("delegates");
  return impersonate(read_account(*source, context, nesting + 1), std::move(target), context);
}

std::unique_ptr<GoogleTokenSource> read_account(const CredentialRecord& record, const GoogleContext& context,
                                                int nesting) {
  if (nesting > kMaxNesting) throw Error(ErrorKind::Step, fmt::format("{} is nested too deeply", record.what()));
  const std::string type = record.required("type");
  if (type == "service_account") return std::make_unique<ServiceAccount>(record, context);
  if (type == "authorized_user") return std::make_unique<AuthorizedUser>(record, context);
  if (type == "external_account") return read_external_account(record, context);
  if (type == "external_account_authorized_user") return std::make_unique<ExternalUser>(record, context);
  if (type == "impersonated_service_account") return read_impersonated(record, context, nesting);
  throw Error(ErrorKind::Step,
              fmt::format("{} is of type `{}`, which mlbuild does not know", record.what(), printable(type)))
      .hint("use a service account key, workload identity federation, or a credential helper in the docker config");
}

}  // namespace

std::unique_ptr<GoogleTokenSource> read_google_account(const CredentialRecord& record, const GoogleContext& context) {
  return read_account(record, context, 0);
}

}  // namespace mlbuild
