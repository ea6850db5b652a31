#include "google_account.hpp"
#include "google_exchange.hpp"
#include "google_impersonation.hpp"
#include "google_subject_token.hpp"
#include "login_encoding.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::int64_t kMinLifetimeSeconds = 600;  // what the API takes
constexpr std::int64_t kMaxLifetimeSeconds = 43200;

/// RFC 8693, 2.1, at Google's Security Token Service.
class ExternalAccount final : public GoogleTokenSource {
 public:
  ExternalAccount(const CredentialRecord& record, const SubjectTokenRequest& subject, const GoogleContext& context)
      : context_(context),
        subject_(subject),
        token_url_(checked_endpoint(record.required("token_url"), record.what() + ": `token_url`")),
        client_id_(record.text("client_id")),
        client_secret_(record.text("client_secret")),
        workforce_project_(record.text("workforce_pool_user_project")),
        source_(read_subject_token_source(record, subject, context)) {}

  GoogleToken fetch() override {
    const std::string token = source_->fetch();
    GoogleRequest request = form_request(token_url_, fields(token));
    request.secrets = {token, client_secret_};  // the other fields may be shown
    if (!client_id_.empty()) request.headers["Authorization"] = basic_authorization(client_id_, client_secret_);
    return ask_for_token(context_, request);
  }
  std::string describe() const override { return "external account with " + source_->describe(); }

 private:
  FormFields fields(const std::string& token) const {
    FormFields fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                         {"audience", subject_.audience},
                         {"scope", kGoogleScope},
                         {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                         {"subject_token", token},
                         {"subject_token_type", subject_.token_type}};
    // Only for those who have no client of their own: with one, the project is the client's.
    if (!workforce_project_.empty() && client_id_.empty()) {
      fields.emplace_back("options", json{{"userProject", workforce_project_}}.dump());
    }
    return fields;
  }

  const GoogleContext context_;
  const SubjectTokenRequest subject_;
  const std::string token_url_;
  const std::string client_id_;
  const std::string client_secret_;
  const std::string workforce_project_;
  const std::unique_ptr<SubjectTokenSource> source_;
};

Impersonation read_impersonation(const CredentialRecord& record, const std::string& url) {
  Impersonation target;
  target.url = checked_endpoint(url, record.what() + ": `service_account_impersonation_url`");
  const auto options = record.record("service_account_impersonation");
  const auto seconds = options ? options->number("token_lifetime_seconds") : std::nullopt;
  if (!seconds) return target;
  if (*seconds < kMinLifetimeSeconds || *seconds > kMaxLifetimeSeconds) {
    throw Error(ErrorKind::Step, fmt::format("{}: `token_lifetime_seconds` is not between {} and {}", options->what(),
                                             kMinLifetimeSeconds, kMaxLifetimeSeconds));
  }
  target.lifetime = std::chrono::seconds(*seconds);
  return target;
}

}  // namespace

std::unique_ptr<GoogleTokenSource> read_external_account(const CredentialRecord& record, const GoogleContext& context) {
  const std::string url = record.text("service_account_impersonation_url");
  const SubjectTokenRequest subject{record.required("audience"), record.required("subject_token_type"),
                                    impersonated_email(url)};
  auto source = std::make_unique<ExternalAccount>(record, subject, context);
  if (url.empty()) return source;
  return impersonate(std::move(source), read_impersonation(record, url), context);
}

}  // namespace mlbuild
