#include "google_exchange.hpp"

#include "address_rules.hpp"
#include "login_encoding.hpp"
#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::uint64_t kAnswerLimitBytes = 256U << 10U;
constexpr std::size_t kShownBytes = 300;
constexpr std::size_t kShortestSecret = 6;             // less would blot out ordinary words
constexpr std::int64_t kUnknownLifetimeSeconds = 300;  // RFC 6749 only recommends expires_in
constexpr std::int64_t kMaxLifetimeSeconds = 12LL * 3600;

std::string without(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < kShortestSecret) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// RFC 6749, 5.2 ("error", "error_description"), or Google's APIs ("error": {"status", "message"}).
std::string words_of(const std::string& body) {
  const json document = json::parse(body, nullptr, false);
  if (!document.is_object()) return "";
  const auto error = document.find("error");
  const bool is_api = error != document.end() && error->is_object();
  const std::string code = is_api ? text_of(*error, "status") : text_of(document, "error");
  const std::string message = is_api ? text_of(*error, "message") : text_of(document, "error_description");
  return code.empty() || message.empty() ? code + message : code + ": " + message;
}

[[noreturn]] void refuse(const GoogleRequest& request, const HttpResponse& response) {
  // Blotted out before it is cut: half a secret would not be found.
  const std::string words = without(words_of(error_body(response)), request.secrets).substr(0, kShownBytes);
  throw Error(ErrorKind::Network, fmt::format("`{}` gives no token ({}{}{})", printable_url(request.url),
                                              response.status, words.empty() ? "" : " ", printable(words)));
}

/// RFC 3339 in UTC, as generateAccessToken answers: "2026-01-02T03:04:05.678Z". In seconds: nanoseconds end in the year
/// 2262.
std::chrono::sys_seconds parse_time(const std::string& text) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): a calculation of times
  int y = 0;
  unsigned mo = 0;
  unsigned d = 0;
  int h = 0;
  int mi = 0;
  int s = 0;
  // NOLINTNEXTLINE(cert-err34-c): the number of fields is checked
  if (!text.ends_with('Z') || std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d", &y, &mo, &d, &h, &mi, &s) != 6) {
    throw Error(ErrorKind::Foreign, "`expireTime` is no time in UTC");
  }
  return sys_days(year(y) / month(mo) / day(d)) + hours(h) + minutes(mi) + seconds(s);
}

GoogleToken read_token(const std::string& body, const GoogleContext& context) {
  const CredentialRecord answer = CredentialRecord::parse(body, "the answer");
  std::int64_t lifetime = answer.number("expires_in").value_or(kUnknownLifetimeSeconds);
  if (answer.has("accessToken")) {
    const auto now = std::chrono::floor<std::chrono::seconds>(context.options.now());
    lifetime = (parse_time(answer.required("expireTime")) - now).count();
  }
  const std::string token = answer.has("accessToken") ? answer.text("accessToken") : answer.required("access_token");
  return {token, std::chrono::seconds(std::clamp<std::int64_t>(lifetime, 0, kMaxLifetimeSeconds))};
}

}  // namespace

GoogleRequest form_request(const std::string& url, const FormFields& fields) {
  GoogleRequest request{.url = url, .content_type = "application/x-www-form-urlencoded"};
  for (const auto& [name, value] : fields) {
    request.body += fmt::format("{}{}={}", request.body.empty() ? "" : "&", name, form_encode(value));
    if (name != "grant_type") request.secrets.push_back(value);
  }
  return request;
}

GoogleRequest json_request(const std::string& url, const json& body) {
  return {.url = url, .content_type = "application/json", .body = body.dump()};
}

std::string ask_google(const GoogleContext& context, const GoogleRequest& request) {
  HttpRequest http;
  http.url = request.url;
  http.headers = request.headers;
  http.use_netrc = false;
  http.follow_redirects = false;  // a secret goes to the address that was configured
  if (!request.content_type.empty()) {
    http.method = "POST";
    http.headers["Content-Type"] = request.content_type;
    http.body = text_body(request.body);
  }
  const SmallAnswer answer = fetch_small(context.http, http, kAnswerLimitBytes);
  if (answer.status() != 200) refuse(request, answer.response);
  return answer.body;
}

GoogleToken ask_for_token(const GoogleContext& context, const GoogleRequest& request) {
  const std::string body = ask_google(context, request);
  try {
    return read_token(body, context);
  } catch (const Error& failure) {
    throw Error(ErrorKind::Network, fmt::format("`{}` answers something else than a token: {}",
                                                printable_url(request.url), failure.message()));
  }
}

std::string checked_endpoint(const std::string& url, const std::string& what) {
  try {
    const Url parsed = Url::parse(url);
    if (parsed.scheme == "https" || (parsed.scheme == "http" && is_loopback(parsed.host))) return url;
  } catch (const Error&) {  // what cannot be read is refused below, without its text
  }
  throw Error(ErrorKind::Step, fmt::format("{} is no https URL", what));
}

}  // namespace mlbuild
