// The client is three loops around one transfer: tries, redirects, and the pool of handles. Redirects are followed here
// and not by libcurl, because the rules (which headers go on, never https to http) must hold for each hop and be
// testable.

#include "certs_directories.hpp"
#include "curl_handle_pool.hpp"
#include "origin_pauses.hpp"
#include "transfer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <mutex>
#include <random>
#include <thread>

namespace mlbuild {
namespace {

using std::chrono::milliseconds;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string first_set(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

std::string find_netrc() {
  std::string path = environment("NETRC");
  if (path.empty()) {
    const std::string home = environment("HOME");
    if (!home.empty()) path = home + "/.netrc";
  }
  std::error_code ignored;  // a netrc that cannot be looked at is one that is not used
  return std::filesystem::is_regular_file(path, ignored) ? path : std::string();
}

// libcurl the library, unlike curl the program, looks at none of these variables itself.
TransportSettings read_settings(const HttpTuning& tuning) {
  TransportSettings settings;
  settings.tuning = tuning;
  settings.ca_file = first_set({"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"});
  if (settings.ca_file.empty()) settings.ca_directory = environment("SSL_CERT_DIR");
  settings.netrc_file = find_netrc();
  return settings;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Error describe_bad_status(const HttpRequest& request, const HttpResponse& response) {
  const Url url = Url::parse(response.final_url);
  const std::string said = printable(trim(response.header(kErrorBodyHeader).substr(0, 200)));
  return Error(ErrorKind::Network,
               fmt::format("`{}` answered {} to {} `{}`{}{}", url.host_port(), response.status, request.method,
                           printable_url(response.final_url), said.empty() ? "" : ": ", said));
}

HttpResponse single_answer(TransferOutcome outcome) {
  HttpResponse response = outcome.failure ? HttpResponse() : std::move(outcome.response);
  response.failure = std::move(outcome.failure);
  response.transient = outcome.transient;
  return response;
}

class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient(const Cancellation& cancellation, const HttpTuning& tuning,
                 std::vector<std::filesystem::path> certs_directories)
      : cancellation_(cancellation),
        settings_(read_settings(tuning)),
        certificates_(std::move(certs_directories), settings_.ca_file),
        random_(std::random_device{}()) {}

  HttpResponse fetch(const HttpRequest& request, const StartBody& start_body) override;

 private:
  using Clock = std::chrono::steady_clock;
  TransferOutcome follow(const HttpRequest& request, Clock::time_point end, Body& body);
  TransferOutcome exchange(const HttpRequest& request, const Url& url, Clock::time_point end, Body& body);
  milliseconds pause_after(int failed_tries, const TransferOutcome& outcome);
  void note_pause(const std::string& origin, const TransferOutcome& outcome);
  void wait_for(const std::string& origin, Clock::time_point end);
  void sleep(milliseconds pause) const;

  const Cancellation& cancellation_;
  TransportSettings settings_;
  CertsDirectories certificates_;
  CurlHandlePool handles_;
  OriginPauses pauses_;
  std::mutex random_mutex_;
  std::mt19937 random_;
};

HttpResponse CurlHttpClient::fetch(const HttpRequest& request, const StartBody& start_body) {
  Body body{start_body};
  const Clock::time_point end = Clock::now() + settings_.tuning.retry_time;
  for (int failed_tries = 1;; ++failed_tries) {
    if (!request.farewell) cancellation_.check();
    TransferOutcome outcome = follow(request, end, body);
    if (request.once || request.farewell) return single_answer(std::move(outcome));
    if (!outcome.failure && !outcome.transient) return std::move(outcome.response);
    if (outcome.transient && failed_tries < settings_.tuning.tries) {
      const milliseconds pause = pause_after(failed_tries, outcome);
      if (Clock::now() + pause < end) {
        sleep(pause);
        continue;
      }
    }
    Error error = outcome.failure ? *outcome.failure : describe_bad_status(request, outcome.response);
    if (failed_tries > 1) error.while_doing(fmt::format("trying {} times", failed_tries));
    throw error.hint("the server is in trouble or wants fewer requests; try again later");
  }
}

TransferOutcome CurlHttpClient::follow(const HttpRequest& request, Clock::time_point end, Body& body) {
  Url url = Url::parse(request.url);
  const bool is_followed = request.method == "GET" || request.method == "HEAD";
  const bool follows = request.follow_redirects && is_followed && request.socket.empty();
  for (int redirects = 0;; ++redirects) {
    TransferOutcome outcome = exchange(request, url, end, body);
    if (outcome.failure || !follows || !is_redirect(outcome.response.status)) return outcome;
    const auto location = outcome.response.headers.find("location");
    if (location == outcome.response.headers.end()) return outcome;
    if (redirects == settings_.tuning.redirects) {
      throw Error(ErrorKind::Network, fmt::format("`{}` redirects more than {} times", printable_url(request.url),
                                                  settings_.tuning.redirects))
          .hint("the server redirects in a circle; a missing login is a frequent cause");
    }
    url = redirect_target(url, location->second);
  }
}

TransferOutcome CurlHttpClient::exchange(const HttpRequest& request, const Url& url, Clock::time_point end,
                                         Body& body) {
  const std::string peer = request.socket.empty() ? url.origin() : "unix:" + request.socket.string();
  if (!request.farewell) wait_for(peer, end);
  const CurlHandlePool::Lease handle = handles_.take(peer);
  TransferOutcome outcome = transfer(handle.get(), settings_, certificates_.of(url), request, url, cancellation_, body);
  note_pause(peer, outcome);
  return outcome;
}

void CurlHttpClient::note_pause(const std::string& origin, const TransferOutcome& outcome) {
  const int status = outcome.response.status;
  if (!outcome.retry_after || (status != 429 && status != 503)) return;
  const std::chrono::seconds pause = *outcome.retry_after;
  if (pauses_.add(origin, pause) && settings_.tuning.tell) {
    settings_.tuning.tell(fmt::format("`{}` wants fewer requests: nothing is asked of it for {} s",
                                      Url::parse(outcome.response.final_url).host_port(), pause.count()));
  }
}

// Another's answer may prolong the pause while this one sleeps. A pause that would not end in time is not begun: the
// same server told somebody else why, and eight transfers that wait for nothing would hide what it said.
void CurlHttpClient::wait_for(const std::string& origin, Clock::time_point end) {
  for (milliseconds rest = pauses_.rest(origin); rest > milliseconds::zero(); rest = pauses_.rest(origin)) {
    if (Clock::now() + rest >= end) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(rest);
      throw Error(ErrorKind::Network,
                  fmt::format("`{}` wants no requests for {} s", printable(origin), seconds.count()))
          .hint("try again then, or say with `--retry-for` that so long a pause may be waited for");
    }
    sleep(rest);
  }
}

// Full jitter (random in [0, limit]) keeps a fleet of CI runners from coming back all at once; what the server asks for
// counts more.
milliseconds CurlHttpClient::pause_after(int failed_tries, const TransferOutcome& outcome) {
  const HttpTuning& tuning = settings_.tuning;
  if (outcome.retry_after) return *outcome.retry_after;
  const milliseconds limit = std::min(tuning.backoff_base * (1 << std::min(failed_tries, 10)), tuning.backoff_limit);
  const std::scoped_lock guard(random_mutex_);
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, limit.count())(random_));
}

void CurlHttpClient::sleep(milliseconds pause) const {
  constexpr milliseconds kSlice{50};
  for (; pause > milliseconds::zero(); pause -= kSlice) {
    cancellation_.check();
    std::this_thread::sleep_for(std::min(pause, kSlice));
  }
}

}  // namespace

std::unique_ptr<HttpClient> make_http_client(const Cancellation& cancellation, const HttpTuning& tuning,
                                             std::vector<std::filesystem::path> certs_directories) {
  return std::make_unique<CurlHttpClient>(cancellation, tuning, std::move(certs_directories));
}

}  // namespace mlbuild
