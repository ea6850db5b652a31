#include "mlbuild/registry/referrers.hpp"

#include "connection.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/oci/oci.hpp"

#include <string_view>

namespace mlbuild {
namespace {

constexpr std::uint64_t kListLimitBytes = 32U << 20U;

/// The specification's "no" is 404. Others say it in other words: some lead to a page to sign in on.
bool is_list(const HttpResponse& response, const std::string& asked) {
  return response.status == 200 && Url::parse(response.final_url).origin() == Url::parse(asked).origin() &&
         response.header("content-type").starts_with(oci::kIndexMediaType);
}

bool is_index(std::string_view json) {
  try {
    oci::parse_index(json);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool lists_referrers(const std::string& registry, const std::string& repository, const BlobDigest& subject,
                     HttpClient& http, CredentialSource& credentials, const Cancellation& cancellation,
                     const RegistryOptions& options) {
  RegistryConnection connection(registry, http, credentials, cancellation, options);
  HttpRequest request;
  request.method = "GET";
  request.url = connection.url(repository, "referrers/" + subject.to_string());
  request.headers["Accept"] = std::string(oci::kIndexMediaType);
  request.body_limit_bytes = kListLimitBytes;
  request.follow_redirects = false;
  BytesSink list(kListLimitBytes);
  NullSink page;
  const HttpResponse response =
      connection.send(request, RegistryConnection::may_push(repository), [&](const HttpResponse& begun) -> Sink& {
        list = BytesSink(kListLimitBytes);
        return is_list(begun, request.url) ? static_cast<Sink&>(list) : page;
      });
  if (response.failure) throw Error(*response.failure);
  return is_list(response, request.url) && is_index(list.text());
}

}  // namespace mlbuild
