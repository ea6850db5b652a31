#include "connection.hpp"

#include "address_rules.hpp"
#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace mlbuild {
namespace {

constexpr int kMaxRedirects = 3;

class Slot {
 public:
  explicit Slot(std::counting_semaphore<>& slots) : slots_(slots) { slots_.acquire(); }
  ~Slot() { slots_.release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::counting_semaphore<>& slots_;
};

bool repeats_method(int status) { return status == 307 || status == 308; }

}  // namespace

StartAnswer drop_answer() {
  return [sink = std::make_shared<NullSink>()](const HttpResponse&) -> Sink& { return *sink; };
}

RegistryConnection::RegistryConnection(std::string registry, HttpClient& http, CredentialSource& credentials,
                                       const Cancellation& cancellation, const RegistryOptions& options)
    : registry_(std::move(registry)),
      quirks_(quirks_of(registry_)),
      http_(http),
      credentials_(credentials),
      cancellation_(cancellation),
      options_(options),
      authorizer_(registry_, http, credentials),
      slots_(static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, options.parallel))) {}

const Url& RegistryConnection::base() {
  std::call_once(base_found_, [this] { base_ = find_base(); });
  return base_;
}

Url RegistryConnection::find_base() {
  const std::string host(quirks_.api_host.empty() ? std::string_view(registry_) : quirks_.api_host);
  Url secure = Url::parse("https://" + host + "/v2/");
  Url plain = Url::parse("http://" + host + "/v2/");
  if (options_.plain_http) return plain;
  if (!is_loopback(secure.host)) return secure;
  return speaks_http() ? plain : secure;
}

// Servers of TLS answer plain http with 400, or not at all; a registry with 200 or 401. http is asked first, because
// the other way round a plain server may wait for the end of what looks to it like an endless request.
bool RegistryConnection::speaks_http() {
  HttpRequest probe;
  probe.url = "http://" + registry_ + "/v2/";
  probe.once = true;
  probe.use_netrc = false;
  probe.follow_redirects = false;
  const HttpResponse answer = fetch_small(http_, probe, 1U << 20U).response;
  return !answer.failure && answer.status != 400;
}

std::string RegistryConnection::url(const std::string& repository, const std::string& rest) {
  const bool is_bare = !quirks_.bare_namespace.empty() && repository.find('/') == std::string::npos;
  const std::string name = is_bare ? fmt::format("{}/{}", quirks_.bare_namespace, repository) : repository;
  return fmt::format("{}{}/{}", base().to_string(), name, rest);
}

Url RegistryConnection::location(const HttpResponse& response) {
  const std::string location(response.header("location"));
  if (location.empty()) {
    throw Error(ErrorKind::Network,
                fmt::format("registry `{}` does not say where the upload goes (no Location header)", registry_))
        .hint("a proxy that drops headers is a frequent cause");
  }
  Url target = redirect_target(Url::parse(response.final_url), location);
  check_named_server(target, base(), "the upload address");
  return target;
}

HttpResponse RegistryConnection::exchange(const HttpRequest& request, const StartAnswer& start) {
  if (request.farewell) return http_.fetch(request, start);  // waits for nobody
  const Slot slot(slots_);
  cancellation_.check();
  return http_.fetch(request, start);
}

HttpResponse RegistryConnection::follow(HttpRequest request, const std::string& authorization,
                                        const StartAnswer& start) {
  request.use_netrc = false;
  for (int redirects = 0;; ++redirects) {
    const bool is_own = Url::parse(request.url).origin() == base().origin();
    request.headers.erase("Authorization");
    if (is_own && !authorization.empty()) request.headers["Authorization"] = authorization;
    HttpResponse response = exchange(request, start);
    if (!repeats_method(response.status) || redirects == kMaxRedirects) return response;
    request.url = location(response).to_string();
  }
}

HttpResponse RegistryConnection::send(HttpRequest request, const Permission& permission, const StartAnswer& start) {
  const std::string authorization = authorizer_.header(permission);
  HttpResponse response = follow(request, authorization, start);
  if (response.status != 401 || !authorizer_.learn(response, base(), permission, authorization)) return response;
  // A token that ended between two parts of a large file would do so again: one stream is authorized at its start.
  request.in_parts = request.in_parts && authorization.empty();
  return follow(std::move(request), authorizer_.header(permission), start);
}

HttpResponse RegistryConnection::send_once(HttpRequest request, const Permission& permission, bool& renewed) {
  const std::string authorization = authorizer_.header(permission);
  request.once = true;
  HttpResponse response = follow(std::move(request), authorization, drop_answer());
  renewed = response.status == 401 && authorizer_.learn(response, base(), permission, authorization);
  return response;
}

Error RegistryConnection::refusal(const std::string& repository, const std::string& doing,
                                  const HttpResponse& response) const {
  return describe_refusal({registry_, repository, doing}, response, credentials_);
}

}  // namespace mlbuild
