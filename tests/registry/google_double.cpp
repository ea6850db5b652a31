#include "registry/google_double.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace mlbuild::test {
namespace {

using nlohmann::json;

constexpr const char* kTokenAudience = "https://oauth2.googleapis.com/token";
constexpr const char* kScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr const char* kScopeToImpersonate = "https://www.googleapis.com/auth/iam";  // what google-auth asks for then
constexpr std::int64_t kLifetimeSeconds = 3600;

CannedAnswer answer_json(int status, const json& body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

CannedAnswer refuse(const std::string& code, const std::string& why) {
  return answer_json(400, {{"error", code}, {"error_description", why}});
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> fields;
  for (const std::string_view pair : split(body, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    std::ranges::replace(value, '+', ' ');
    fields[std::string(pair.substr(0, equals))] = percent_decode(value);
  }
  return fields;
}

std::string decode_url_safe(std::string_view text) {
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  return decode_base64(standard).value_or("");
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

bool is_signed_by(EVP_PKEY* key, std::string_view text, const std::string& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* signature_bytes = reinterpret_cast<const unsigned char*>(signature.data());
  const auto* text_bytes = reinterpret_cast<const unsigned char*>(text.data());
  const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context, signature_bytes, signature.size(), text_bytes, text.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

std::string header(const SeenRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

}  // namespace

GoogleDouble::GoogleDouble(std::function<std::chrono::system_clock::time_point()> now)
    : now_(std::move(now)),
      key_(EVP_RSA_gen(2048)),
      server_([this](const SeenRequest& request) { return answer(request); }) {
  if (key_ == nullptr) throw std::runtime_error("OpenSSL makes no key");
}

GoogleDouble::~GoogleDouble() { EVP_PKEY_free(key_); }

std::string GoogleDouble::private_key() const { return pem_of(key_); }

std::string GoogleDouble::other_key() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  std::string pem = pem_of(key);
  EVP_PKEY_free(key);
  return pem;
}

std::string GoogleDouble::host() const { return fmt::format("127.0.0.1:{}", server_.port()); }

std::string GoogleDouble::impersonation_url() const {
  return url(fmt::format("/v1/projects/-/serviceAccounts/{}:generateAccessToken", kTarget));
}

std::string GoogleDouble::service_account(const std::string& key) const {
  return json{{"type", "service_account"}, {"client_email", kEmail},     {"private_key", key},
              {"private_key_id", "k1"},    {"token_uri", url("/token")}, {"project_id", "project"}}
      .dump();
}

std::string GoogleDouble::authorized_user(const std::string& refresh_token) const {
  return json{{"type", "authorized_user"},
              {"client_id", kClientId},
              {"client_secret", kClientSecret},
              {"refresh_token", refresh_token},
              {"token_uri", url("/token")}}
      .dump();
}

std::string GoogleDouble::external_account(const std::string& credential_source, bool impersonates) const {
  json account = {{"type", "external_account"},
                  {"audience", kAudience},
                  {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                  {"token_url", url("/v1/token")},
                  {"credential_source", json::parse(credential_source)}};
  if (impersonates) account["service_account_impersonation_url"] = impersonation_url();
  return account.dump();
}

std::string GoogleDouble::impersonated(const std::string& source) const {
  return json{{"type", "impersonated_service_account"},
              {"service_account_impersonation_url", impersonation_url()},
              {"delegates", {"projects/-/serviceAccounts/between@project.iam.gserviceaccount.com"}},
              {"source_credentials", json::parse(source)}}
      .dump();
}

std::vector<std::string> GoogleDouble::given() const {
  const std::scoped_lock guard(mutex_);
  return given_;
}

std::string GoogleDouble::make_token(const std::string& kind) {
  const std::scoped_lock guard(mutex_);
  given_.push_back(kind);
  const std::string token = fmt::format("ya29.{}-{}-s3cr3t-canary", kind, given_.size());
  tokens_.insert(token);
  return token;
}

CannedAnswer GoogleDouble::give(const std::string& kind) {
  return answer_json(200,
                     {{"access_token", make_token(kind)}, {"expires_in", kLifetimeSeconds}, {"token_type", "Bearer"}});
}

CannedAnswer GoogleDouble::answer(const SeenRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/" || path.starts_with("/computeMetadata/")) return metadata(request);
  if (path == "/subject") {
    const bool knows = header(request, "x-caller") == "caller-s3cr3t-canary";
    return knows ? answer_json(200, {{"value", {{"no", 1}}}, {"id_token", kSubjectToken}})
                 : answer_json(403, {{"error", "denied"}, {"error_description", header(request, "x-caller")}});
  }
  if (request.method != "POST") return {.status = 404};
  if (path == "/token") return token_endpoint(request);
  if (path == "/v1/token") return security_token_service(request);
  if (path.ends_with(":generateAccessToken")) return generate_access_token(request);
  return {.status = 404};
}

/// Google, "Using OAuth 2.0 for Server to Server Applications", "Preparing to make an authorized API call"; RFC
/// 6749, 6.
CannedAnswer GoogleDouble::token_endpoint(const SeenRequest& request) {
  auto form = form_of(request.body);
  if (form["grant_type"] == "refresh_token") {
    const bool good = form["client_id"] == kClientId && form["client_secret"] == kClientSecret &&
                      form["refresh_token"] == kRefreshToken;
    return good ? give("refresh") : refuse("invalid_grant", "bad token " + form["refresh_token"]);
  }
  if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer") return refuse("unsupported_grant_type", "");
  const std::string wrong = why_not(form["assertion"]);
  return wrong.empty() ? give("jwt") : refuse("invalid_grant", wrong + " in " + form["assertion"]);
}

std::string GoogleDouble::why_not(const std::string& assertion) const {
  const std::vector<std::string_view> parts = split(assertion, '.');
  if (parts.size() != 3) return "not three parts";
  const json head = json::parse(decode_url_safe(parts[0]), nullptr, false);
  const json claims = json::parse(decode_url_safe(parts[1]), nullptr, false);
  if (!head.is_object() || !claims.is_object()) return "no JSON";
  if (head.value("alg", "") != "RS256" || head.value("typ", "") != "JWT") return "wrong algorithm";
  if (head.value("kid", "") != "k1") return "unknown key";
  const std::string_view text = std::string_view(assertion).substr(0, parts[0].size() + 1 + parts[1].size());
  if (!is_signed_by(key_, text, decode_url_safe(parts[2]))) return "Invalid JWT Signature.";
  if (claims.value("iss", "") != kEmail) return "unknown issuer";
  if (claims.value("aud", "") != kTokenAudience) return "wrong audience";
  const std::string scope = claims.value("scope", "");
  if (scope != kScope && scope != kScopeToImpersonate) return "wrong scope";
  const std::int64_t now = std::chrono::system_clock::to_time_t(now_());
  const std::int64_t begin = claims.value("iat", std::int64_t{0});
  const std::int64_t end = claims.value("exp", std::int64_t{0});
  if (end - begin > kLifetimeSeconds || begin > now + 10 || end <= now) return "bad times";
  return "";
}

/// RFC 8693, 2.1.
CannedAnswer GoogleDouble::security_token_service(const SeenRequest& request) {
  auto form = form_of(request.body);
  if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:token-exchange") {
    return refuse("unsupported_grant_type", "");
  }
  if (form["audience"] != kAudience) return refuse("invalid_target", form["audience"]);
  if (form["requested_token_type"] != "urn:ietf:params:oauth:token-type:access_token" ||
      form["subject_token_type"] != "urn:ietf:params:oauth:token-type:jwt" || form["scope"].empty()) {
    return refuse("invalid_request", "");
  }
  return form["subject_token"] == kSubjectToken ? give("sts") : refuse("invalid_grant", form["subject_token"]);
}

/// IAM Service Account Credentials API v1.
CannedAnswer GoogleDouble::generate_access_token(const SeenRequest& request) {
  const std::string authorization = header(request, "authorization");
  const auto denied = [&](const std::string& why) {
    return answer_json(403, {{"error", {{"code", 403}, {"status", "PERMISSION_DENIED"}, {"message", why}}}});
  };
  {
    const std::scoped_lock guard(mutex_);
    if (!authorization.starts_with("Bearer ") || !tokens_.contains(authorization.substr(7))) {
      return denied("unknown token " + authorization);
    }
  }
  if (request.target != Url::parse(impersonation_url()).path) return denied("another account");
  const json body = json::parse(request.body, nullptr, false);
  if (!body.is_object() || body.value("scope", json()) != json({kScope})) return denied("wrong scope");
  if (body.value("lifetime", "") != "3600s") return denied("wrong lifetime");
  const auto end = std::chrono::floor<std::chrono::seconds>(now_() + std::chrono::seconds(kLifetimeSeconds));
  const std::string delegated = body.value("delegates", json::array()).empty() ? "" : "-delegated";
  return answer_json(200, {{"accessToken", make_token("impersonated" + delegated)},
                           {"expireTime", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(end))}});
}

/// Compute Engine, "VM metadata": everything needs the header, and answers carry it.
CannedAnswer GoogleDouble::metadata(const SeenRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  CannedAnswer answer{.status = 404};
  if (header(request, "metadata-flavor") != "Google") {
    answer.status = 403;
  } else if (path == "/") {
    answer = {.body = "computeMetadata/\n"};
  } else if (path == "/computeMetadata/v1/instance/service-accounts/default/") {
    answer = answer_json(200, {{"email", kEmail}, {"scopes", {kScope}}, {"aliases", {"default"}}});
  } else if (path == "/computeMetadata/v1/instance/service-accounts/default/email") {
    answer = {.body = kEmail};
  } else if (path == "/computeMetadata/v1/instance/service-accounts/default/token") {
    answer = give("metadata");
  }
  answer.headers["Metadata-Flavor"] = "Google";
  return answer;
}

}  // namespace mlbuild::test
