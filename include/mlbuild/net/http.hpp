#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

namespace mlbuild {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                              ///< http(s) or file; user info is sent as Basic to that origin only and never printed
  std::map<std::string, std::string> headers;
  std::uint64_t body_limit_bytes = 1U << 30U;   ///< more is Error{Network}
};

struct HttpResponse {
  int status = 0;
  std::string final_url;
  std::map<std::string, std::string> headers;   ///< names in lower case, last value wins
};

/// HTTP(S) client over libcurl: connections are reused, HTTP/2 where offered, proxies and CA bundles from the usual environment variables.
/// Thread-safe. Retries (5 tries, full jitter, Retry-After honoured up to 60 s) on connect errors, cut bodies, 429 and 5xx;
/// stalled transfers (under 1 KiB/s for 20 s) are cut. Redirects: at most 5, https never to http.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Streams a 2xx body into what `start_body` returns: called once per try, so a retry starts afresh. Other statuses are returned
  /// without a body (at most 64 KiB of it in headers["x-mlbuild-error-body"]). Throws Error{Network} after the last try.
  virtual HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>& start_body) = 0;
};

std::unique_ptr<HttpClient> make_http_client(const Cancellation& cancellation);

/// The URL without user info and query, for messages.
std::string printable_url(std::string_view url);

}  // namespace mlbuild
