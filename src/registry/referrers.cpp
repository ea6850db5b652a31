#include "mlbuild/registry/referrers.hpp"

#include "connection.hpp"

#include "mlbuild/base/error.hpp"

#include <optional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kListLimitBytes = 4U << 20U;

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
  std::optional<BytesSink> sink;
  const HttpResponse response =
      connection.send(std::move(request), RegistryConnection::may_push(repository),
                      [&](const HttpResponse&) -> Sink& { return sink.emplace(kListLimitBytes); });
  if (response.failure) throw Error(*response.failure);
  return response.status == 200;  // 404 is the specification's "no"; other registries say it in other words
}

}  // namespace mlbuild
