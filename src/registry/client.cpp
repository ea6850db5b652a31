#include "mlbuild/registry/client.hpp"

#include "blob_upload.hpp"
#include "connection.hpp"
#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/registry/registries_conf.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <mutex>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::uint64_t kTagPageLimitBytes = 16U << 20U;
constexpr int kMaxTagPages = 1000;

constexpr const char* kManifestTypes =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// Content-Type without parameters.
std::string media_type_of(const std::string& content_type) {
  return std::string(trim(std::string_view(content_type).substr(0, content_type.find(';'))));
}

std::string printed(const oci::Descriptor& descriptor) {
  return fmt::format("blob {} ({})", descriptor.digest.to_string(), human_bytes(descriptor.size_bytes));
}

std::vector<std::string> parse_tags(const std::string& text) {
  const json page = json::parse(text, nullptr, false);
  std::vector<std::string> tags;
  if (!page.is_object()) throw Error(ErrorKind::Foreign, "the list of tags is no JSON object");
  const auto list = page.find("tags");
  if (list == page.end() || !list->is_array()) return tags;  // null: none
  for (const json& tag : *list) {
    if (tag.is_string()) tags.push_back(tag.get<std::string>());
  }
  return tags;
}

Permission permission_for(const std::string& repository, RepositoryUse use) {
  return use == RepositoryUse::Push ? RegistryConnection::may_push(repository)
                                    : RegistryConnection::may_pull(repository);
}

/// RFC 8288: <target>; rel="next"
std::string next_page(const std::string& link) {
  const std::size_t begin = link.find('<');
  const std::size_t end = link.find('>');
  const bool is_next = link.find("rel=\"next\"") != std::string::npos || link.find("rel=next") != std::string::npos;
  if (!is_next || begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return link.substr(begin + 1, end - begin - 1);
}

}  // namespace

class RegistryClient::State {
 public:
  State(std::string registry, HttpClient& http, CredentialSource& credentials, const Cancellation& cancellation,
        const RegistryOptions& options)
      : connection(std::move(registry), http, credentials, cancellation, options),
        uploader(connection),
        http_(http),
        credentials_(credentials),
        cancellation_(cancellation),
        options_(options) {}

  SmallAnswer ask(HttpRequest request, const Permission& permission, std::uint64_t limit_bytes) {
    return ask(connection, std::move(request), permission, limit_bytes);
  }

  static SmallAnswer ask(RegistryConnection& from, HttpRequest request, const Permission& permission,
                         std::uint64_t limit_bytes) {
    request.body_limit_bytes = limit_bytes;
    std::optional<BytesSink> sink;
    SmallAnswer answer;
    answer.response = from.send(std::move(request), permission,
                                [&](const HttpResponse&) -> Sink& { return sink.emplace(limit_bytes); });
    if (answer.response.failure) throw Error(*answer.response.failure);
    if (sink) answer.body = sink->text();
    return answer;
  }

  HttpRequest manifest_request(const std::string& method, const std::string& repository, const std::string& reference) {
    return manifest_request(connection, method, repository, reference);
  }

  static HttpRequest manifest_request(RegistryConnection& to, const std::string& method, const std::string& repository,
                                      const std::string& reference) {
    HttpRequest request;
    request.method = method;
    request.url = to.url(repository, "manifests/" + reference);
    return request;
  }

  /// Reads where the user says that the repository can be read. `read` gives something that is false when a source
  /// has not what is wanted; then, and when it fails, a mirror is passed over. `once`: a second try is another source.
  template <class Read>
  auto read_from_sources(const std::string& repository, bool by_digest, const Read& read) {
    std::vector<std::string> failures;
    if (options_.registries_conf == nullptr) return read(connection, repository, false);
    const std::vector<PullSource> sources =
        options_.registries_conf->sources(connection.registry(), repository, by_digest);
    for (const PullSource& source : sources) {
      if (!source.is_mirror) break;
      try {
        if (auto found = read(connection_to(source), source.repository, true)) return found;
      } catch (const Error& failure) {
        if (failure.kind() != ErrorKind::Network && failure.kind() != ErrorKind::Foreign) throw;
        failures.push_back(fmt::format("trying mirror `{}`: {}", source.host, failure.message()));
      }
    }
    try {
      return read(connection_to(sources.back()), sources.back().repository, false);
    } catch (const Error& failure) {
      Error error = failure;
      for (const std::string& earlier : failures) error.while_doing(earlier);
      throw error;
    }
  }

  RegistryConnection connection;
  BlobUploader uploader;

 private:
  RegistryConnection& connection_to(const PullSource& source) {
    const bool is_plain = source.insecure || (source.host == connection.registry() && options_.plain_http);
    if (source.host == connection.registry() && is_plain == options_.plain_http) return connection;
    const std::scoped_lock guard(mutex_);
    std::unique_ptr<RegistryConnection>& other = others_[{source.host, is_plain}];
    if (!other) {
      RegistryOptions options = options_;
      options.plain_http = is_plain;
      other = std::make_unique<RegistryConnection>(source.host, http_, credentials_, cancellation_, options);
    }
    return *other;
  }

  HttpClient& http_;
  CredentialSource& credentials_;
  const Cancellation& cancellation_;
  const RegistryOptions options_;
  std::mutex mutex_;
  std::map<std::pair<std::string, bool>, std::unique_ptr<RegistryConnection>> others_;  ///< by host and plain_http
};

RegistryClient::RegistryClient(std::string registry, HttpClient& http, CredentialSource& credentials,
                               const Cancellation& cancellation, RegistryOptions options)
    : state_(std::make_unique<State>(std::move(registry), http, credentials, cancellation, options)) {}

RegistryClient::~RegistryClient() = default;

const std::string& RegistryClient::registry() const { return state_->connection.registry(); }

void RegistryClient::check_size(const BlobDigest& digest, std::uint64_t size_bytes) const {
  const std::uint64_t limit = state_->connection.quirks().blob_limit_bytes;
  if (limit == 0 || size_bytes <= limit) return;
  throw Error(ErrorKind::Usage, fmt::format("blob {} has {}, and registry `{}` takes at most {}", digest.to_string(),
                                            human_bytes(size_bytes), registry(), human_bytes(limit)))
      .hint("split what is in the layer, or push to another registry");
}

bool RegistryClient::has_blob(const std::string& repository, const BlobDigest& digest) {
  return state_->uploader.has(repository, digest);
}

BlobPush RegistryClient::push_blob(const std::string& repository, const BlobToPush& blob,
                                   const std::function<void(std::uint64_t)>& on_sent) {
  check_size(blob.digest, blob.size_bytes);
  return state_->uploader.push(repository, blob, on_sent);
}

namespace {

bool read_blob(RegistryConnection& connection, const std::string& repository, const oci::Descriptor& descriptor,
               bool once, const std::function<Sink&()>& start_body) {
  HttpRequest request;
  request.url = connection.url(repository, "blobs/" + descriptor.digest.to_string());
  request.body_limit_bytes = descriptor.size_bytes;
  request.resume = true;
  request.once = once;
  std::optional<HashingSink> hash;
  const HttpResponse response =
      connection.send(request, RegistryConnection::may_transfer(connection.may_pull(repository), descriptor.size_bytes),
                      [&](const HttpResponse&) -> Sink& { return hash.emplace(start_body()); });
  if (response.failure) throw Error(*response.failure);
  if (response.status != 200 && response.status != 206) {
    throw connection.refusal(repository, fmt::format("give {} of `{}`", printed(descriptor), repository), response);
  }
  if (hash->size_bytes() == descriptor.size_bytes && BlobDigest(hash->digest()) == descriptor.digest) return true;
  throw Error(ErrorKind::Foreign, fmt::format("registry `{}` gives other bytes for {} of `{}`", connection.registry(),
                                              printed(descriptor), repository))
      .hint("the registry or a cache before it is damaged; nothing of it was used");
}

bool is_digest(const std::string& reference) { return reference.starts_with("sha256:"); }

}  // namespace

void RegistryClient::fetch_blob(const std::string& repository, const oci::Descriptor& descriptor,
                                const std::function<Sink&()>& start_body) {
  state_->read_from_sources(repository, true, [&](RegistryConnection& connection, const std::string& there, bool once) {
    return read_blob(connection, there, descriptor, once, start_body);
  });
}

std::optional<RegistryManifest> RegistryClient::fetch_manifest(const std::string& repository,
                                                               const std::string& reference, RepositoryUse use,
                                                               std::uint64_t limit_bytes) {
  const auto read = [&](RegistryConnection& connection, const std::string& there,
                        bool once) -> std::optional<RegistryManifest> {
    HttpRequest request = State::manifest_request(connection, "GET", there, reference);
    request.headers["Accept"] = kManifestTypes;
    request.once = once;
    const SmallAnswer answer = State::ask(connection, request, permission_for(there, use), limit_bytes);
    if (answer.status() == 404) return std::nullopt;
    if (answer.status() != 200) {
      throw connection.refusal(there, fmt::format("give manifest `{}:{}`", there, reference), answer.response);
    }
    RegistryManifest manifest{media_type_of(answer.header("content-type")), answer.body,
                              BlobDigest(sha256(answer.body))};
    if (is_digest(reference) && reference != manifest.digest.to_string()) {
      throw Error(ErrorKind::Foreign, fmt::format("registry `{}` gives another manifest for {} of `{}`",
                                                  connection.registry(), reference, there))
          .hint("the registry or a cache before it is damaged; nothing of it was used");
    }
    return manifest;
  };
  if (use == RepositoryUse::Push) return read(state_->connection, repository, false);
  return state_->read_from_sources(repository, is_digest(reference), read);
}

std::optional<BlobDigest> RegistryClient::find_manifest(const std::string& repository, const std::string& reference) {
  HttpRequest request = state_->manifest_request("HEAD", repository, reference);
  request.headers["Accept"] = kManifestTypes;
  const SmallAnswer answer = state_->ask(request, RegistryConnection::may_push(repository), 0);
  if (answer.status() == 404) return std::nullopt;
  if (answer.status() == 200) {
    const std::string digest = answer.header("docker-content-digest");
    if (digest.starts_with("sha256:") && Digest::is_hex(digest.substr(7))) return BlobDigest::parse(digest);
  }
  // Older registries leave the digest out, and some proxies know no HEAD.
  const std::optional<RegistryManifest> manifest = fetch_manifest(repository, reference, RepositoryUse::Push);
  return manifest ? std::optional(manifest->digest) : std::nullopt;
}

bool RegistryClient::put_manifest(const std::string& repository, const std::string& reference,
                                  std::string_view media_type, std::string_view bytes) {
  HttpRequest request = state_->manifest_request("PUT", repository, reference);
  request.headers["Content-Type"] = std::string(media_type);
  request.body = text_body(std::string(bytes));
  const SmallAnswer answer = state_->ask(request, RegistryConnection::may_push(repository), 1U << 20U);
  if (answer.status() == 400 &&
      (has_code(answer.response, "MANIFEST_BLOB_UNKNOWN") || has_code(answer.response, "BLOB_UNKNOWN"))) {
    return false;
  }
  if (answer.status() < 200 || answer.status() > 299) {
    throw state_->connection.refusal(repository, fmt::format("take manifest `{}:{}`", repository, reference),
                                     answer.response);
  }
  const std::string kept = answer.header("docker-content-digest");
  const std::string sent = BlobDigest(sha256(bytes)).to_string();
  if (kept.empty() || kept == sent || !kept.starts_with("sha256:")) return true;
  throw Error(ErrorKind::Network, fmt::format("registry `{}` keeps manifest `{}:{}` as {}, but {} was sent", registry(),
                                              repository, reference, printable(kept), sent))
      .hint("the registry or a proxy before it rewrites manifests; what is behind the name now is not what was built");
}

std::vector<std::string> RegistryClient::fetch_tags(const std::string& repository) {
  std::vector<std::string> tags;
  HttpRequest request;
  request.url = state_->connection.url(repository, "tags/list?n=1000");
  const std::string origin = Url::parse(request.url).origin();
  for (int page = 0; page < kMaxTagPages; ++page) {
    const SmallAnswer answer = state_->ask(request, RegistryConnection::may_pull(repository), kTagPageLimitBytes);
    if (answer.status() == 404 && page == 0) return tags;
    if (answer.status() != 200) {
      throw state_->connection.refusal(repository, fmt::format("list the tags of `{}`", repository), answer.response);
    }
    for (std::string& tag : parse_tags(answer.body)) tags.push_back(std::move(tag));
    const std::string next = next_page(answer.header("link"));
    if (next.empty()) return tags;
    const Url target = Url::parse(request.url).resolve(next);
    if (target.origin() != origin || target.to_string() == request.url) return tags;
    request.url = target.to_string();
  }
  return tags;
}

}  // namespace mlbuild
