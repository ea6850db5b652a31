#include "curl_failure.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/net/http.hpp"

#include <fmt/format.h>

#include <system_error>

namespace mlbuild {
namespace {

struct Explanation {
  std::string what;
  std::string hint;
};

constexpr const char* kCheckConnection =
    "check the connection and the proxy variables (`https_proxy`, `http_proxy`, `no_proxy`)";

std::string connect_detail(CURL* handle, const std::string& detail) {
  long os_error = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &os_error);
  if (os_error == 0) return detail.empty() ? "connection failed" : detail;
  return to_lower(std::generic_category().message(static_cast<int>(os_error)));
}

Explanation explain(CURL* handle, CURLcode code, const std::string& detail) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {"could not resolve host", kCheckConnection};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {"could not resolve the proxy's name", "check `https_proxy` and `http_proxy`"};
    case CURLE_COULDNT_CONNECT:
      return {connect_detail(handle, detail), kCheckConnection};
    case CURLE_OPERATION_TIMEDOUT:
      return {"the transfer stalled", kCheckConnection};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {"the connection was cut before the answer was complete", "try again later"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {"its certificate cannot be verified: " + detail,
              "behind a company proxy set `SSL_CERT_FILE` to the bundle with the company's certificate"};
    case CURLE_SSL_CACERT_BADFILE:
      return {"the CA bundle cannot be read: " + detail,
              "check `SSL_CERT_FILE`, `CURL_CA_BUNDLE`, `REQUESTS_CA_BUNDLE`"};
    default:
      return {detail.empty() ? to_lower(curl_easy_strerror(code)) : detail, kCheckConnection};
  }
}

}  // namespace

bool is_transient(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

Error describe_failure(CURL* handle, CURLcode code, const Peer& peer, const std::string& detail) {
  const Explanation explanation = explain(handle, code, detail);
  std::string where = peer.url.scheme == "file" ? printable_url(peer.url.to_string()) : peer.url.host_port();
  if (!peer.socket.empty()) where = printable(peer.socket.string());
  Error error(ErrorKind::Network, fmt::format("cannot reach `{}`: {}", where, printable(explanation.what)));
  error.hint(peer.socket.empty() ? explanation.hint : "look whether the program that listens there is running");
  return error;
}

}  // namespace mlbuild
