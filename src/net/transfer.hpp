#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/net/url.hpp"

#include <curl/curl.h>

#include <optional>
#include <string>

namespace mlbuild {

/// What the environment says about transfers; read once when the client is made.
struct TransportSettings {
  HttpTuning tuning;
  std::string ca_file;  ///< empty: libcurl's default
  std::string ca_directory;
  std::string netrc_file;  ///< empty: none
};

struct OriginCertificates;

/// How one exchange ended. Without `failure` there is an answer, which may still be 503.
struct TransferOutcome {
  HttpResponse response;
  std::optional<Error> failure;
  bool transient = false;  ///< another try may help
  std::optional<std::chrono::seconds> retry_after;
};

using StartBody = std::function<Sink&(const HttpResponse&)>;

/// The body of one fetch, over all its tries.
struct Body {
  const StartBody& start;
  Sink* sink = nullptr;              ///< what `start` gave last
  std::uint64_t received_bytes = 0;  ///< passed on to `sink`
  std::string validator = {};        ///< strong ETag of what is received, for If-Range; empty: start afresh

  bool can_resume() const { return sink != nullptr && received_bytes > 0 && !validator.empty(); }
};

/// Header of an answer that holds the body of a status other than 2xx.
inline constexpr const char* kErrorBodyHeader = "x-mlbuild-error-body";

bool is_this_machine(const std::string& host);  ///< by its name: loopback

/// One request, one answer: no redirect, no retry. `request.url` is ignored in favour of `url`; credentials (user info,
/// Authorization, Cookie) go out only when `url` is of the origin that the request names.
/// Throws what the sink or the source of the request's body threw, Error{Interrupted}, and Error{Network} when the body
/// exceeds the limit.
TransferOutcome transfer(CURL* handle, const TransportSettings& settings, const OriginCertificates& certificates,
                         const HttpRequest& request, const Url& url, const Cancellation& cancellation, Body& body);

}  // namespace mlbuild
