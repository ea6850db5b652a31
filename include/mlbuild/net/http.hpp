#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A body that can be sent as often as it takes: a try that dies is made again from the first byte.
struct HttpBody {
  std::function<std::unique_ptr<Source>()> open;  ///< a source of its own for each try
  std::uint64_t size_bytes = 0;                   ///< exactly what every source gives; anything else is Error{Internal}
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< http(s) or file; user info is sent as Basic to that origin only and never printed
  std::map<std::string, std::string> headers;
  std::uint64_t body_limit_bytes = 1U << 30U;  ///< more is Error{Network}
  bool resume = false;                         ///< a cut body goes on by Range and If-Range; the caller checks a digest
  /// With `resume`: where there is no strong ETag, a date may tell which parts belong together. What two files of one
  /// date and size became is for the caller to find out, and to fetch once more without `resume`.
  bool joins_by_date = false;
  /// With `resume`: several connections may share a large file (see make_ranged_client). Each of them is authorized
  /// anew.
  bool in_parts = true;
  bool accept_compressed = false;  ///< offer Content-Encoding; the sink and the limit see the decoded body
  /// Sent with POST, PUT and PATCH as a stream with Content-Length and without Expect. What its source throws ends
  /// fetch() at once.
  std::optional<HttpBody> body;
  std::function<void(std::uint64_t)> on_sent;  ///< body bytes that this try has taken so far; begins anew with each try
  bool use_netrc = true;                       ///< without an Authorization header, look for credentials in ~/.netrc
  bool follow_redirects = true;                ///< of GET and HEAD
  /// No second try: the caller has its own way to begin again. See HttpResponse::failure.
  bool once = false;
  /// Speak to the program that listens on this Unix socket, whatever host `url` names; no redirects then. Empty: TCP.
  std::filesystem::path socket = {};
  /// Sent although everything is cancelled, once, and given up after a few seconds: a word of parting to a server that
  /// would otherwise keep what is half done.
  bool farewell = false;
  std::optional<std::chrono::seconds> answer_time = {};  ///< instead of HttpTuning::answer_time
};

struct HttpResponse {
  int status = 0;
  std::string final_url;
  /// Names in lower case, the last value wins; only those of WWW-Authenticate are joined by ", " (RFC 9110, 5.3), as
  /// servers offer several schemes.
  std::map<std::string, std::string> headers;
  std::optional<Error> failure;  ///< only of a request that is sent `once`: why there is no answer (status 0)
  bool transient = false;        ///< likewise: another try may help, be it after a failure or a status like 503
  bool joined_by_date = false;   ///< the body is made of parts that no ETag vouches for
  /// "" when there is none.
  std::string_view header(const std::string& lower_name) const {
    const auto found = headers.find(lower_name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

/// How patient a client is. Tests shorten the pauses.
struct HttpTuning {
  int tries = 5;
  std::chrono::milliseconds backoff_base{500};  ///< pause n is random in [0, base * 2^n]: full jitter
  std::chrono::milliseconds backoff_limit{20000};
  /// No try begins so long after the first one; a pause that would not end before that is not begun either.
  std::chrono::seconds retry_time{600};
  /// Told, once for each server, that it asks to be left alone for a while (429 or 503 with Retry-After). Any thread.
  std::function<void(const std::string&)> tell = {};
  std::chrono::seconds connect_timeout{20};
  std::chrono::seconds stall_time{20};  ///< this long under stall_bytes_per_second cuts a transfer
  long stall_bytes_per_second = 1024;
  std::chrono::seconds upload_stall_time{60};  ///< a server that takes nothing for so long is cut
  std::chrono::seconds answer_time{
      300};  ///< silence after a body was sent: a registry may hash gigabytes before it answers
  int redirects = 5;
};

/// HTTP(S) client over libcurl: connections are reused, HTTP/2 where offered, proxies from the usual environment
/// variables (but never for loopback hosts), CA bundle from SSL_CERT_FILE, CURL_CA_BUNDLE or REQUESTS_CA_BUNDLE
/// (directory: SSL_CERT_DIR), credentials also from ~/.netrc (NETRC). Thread-safe. Retries (5 tries, full jitter,
/// Retry-After honoured, all within 10 minutes) on connect errors, cut bodies, 408, 429 and 5xx; stalled transfers
/// (under 1 KiB/s for 20 s) are cut. Where an origin answers 429 or 503 with Retry-After, all requests to it wait, not
/// only the one that was told. GET and HEAD follow redirects: at most 5, https never to http, only to http(s);
/// Authorization, Cookie and user info stay with the origin they were given for. Other methods get the 3xx as it is.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Streams a 2xx body into what `start_body` returns: called once per try that is answered by 2xx (even when the body
  /// is empty), so a retry starts afresh; with `resume`, only by a try that could not go on where the last one was cut
  /// (the sink must stay valid until fetch returns). Other statuses are returned without a body (at most 64 KiB of it
  /// in headers["x-mlbuild-error-body"]). A file: URL answers 200 or 404. Throws Error{Network} when the last try
  /// failed, too, what the sink threw at once, and Error{Interrupted} on cancellation.
  virtual HttpResponse fetch(const HttpRequest& request,
                             const std::function<Sink&(const HttpResponse&)>& start_body) = 0;
};

/// `cancellation` must outlive the client. `certs_directories`: where certificates for single servers are, in docker's
/// and containers' form: DIRECTORY/HOST[:PORT]/{NAME.crt, NAME.cert, NAME.key}; the first that knows a server counts.
std::unique_ptr<HttpClient> make_http_client(const Cancellation& cancellation, const HttpTuning& tuning = {},
                                             std::vector<std::filesystem::path> certs_directories = {});

/// The URL without user info, query and fragment, for messages; any text is taken.
std::string printable_url(std::string_view url);

}  // namespace mlbuild
