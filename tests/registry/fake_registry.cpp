#include "registry/fake_registry.hpp"

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace mlbuild::test {
namespace {

std::string header(const SeenRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

CannedAnswer refuse(int status, const std::string& code, const std::string& message) {
  return {.status = status, .body = nlohmann::json{{"errors", {{{"code", code}, {"message", message}}}}}.dump()};
}

std::string parameter(const std::string& query, const std::string& name) {
  const std::size_t begin = ("&" + query).find("&" + name + "=");
  if (begin == std::string::npos) return "";
  const std::string rest = query.substr(begin + name.size() + 1);
  return percent_decode(rest.substr(0, rest.find('&')));
}

}  // namespace

std::string digest_of(const std::string& content) { return BlobDigest(sha256(content)).to_string(); }

FakeRegistry::FakeRegistry(RegistryManners manners)
    : manners_(std::move(manners)),
      server_(std::make_unique<HttpServer>([this](const SeenRequest& request) { return answer(request); })) {}

std::string FakeRegistry::host() const { return fmt::format("127.0.0.1:{}", server_->port()); }

std::vector<std::string> FakeRegistry::log() const {
  std::vector<std::string> lines;
  for (const SeenRequest& request : server_->requests()) {
    lines.push_back(request.method + " " + request.target.substr(0, request.target.find('?')));
  }
  return lines;
}

std::size_t FakeRegistry::count(const std::string& beginning) const {
  const std::vector<std::string> lines = log();
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
}

void FakeRegistry::add_blob(const std::string& repository, const std::string& content) {
  const std::scoped_lock guard(mutex_);
  blobs_[repository][digest_of(content)] = content;
}

bool FakeRegistry::has_blob(const std::string& repository, const std::string& content) const {
  return has_digest(repository, digest_of(content));
}

bool FakeRegistry::has_digest(const std::string& repository, const std::string& digest) const {
  const std::scoped_lock guard(mutex_);
  const auto found = blobs_.find(repository);
  return found != blobs_.end() && found->second.contains(digest);
}

void FakeRegistry::lose_blobs() {
  const std::scoped_lock guard(mutex_);
  blobs_.clear();
}

void FakeRegistry::expire_tokens() {
  const std::scoped_lock guard(mutex_);
  tokens_.clear();
}

std::vector<std::string> FakeRegistry::token_requests() const {
  const std::scoped_lock guard(mutex_);
  return token_requests_;
}

CannedAnswer FakeRegistry::answer(const SeenRequest& request) {
  if (manners_.on_request) manners_.on_request(request);
  const std::scoped_lock guard(mutex_);
  if (manners_.too_quick_every > 0 && ++requests_ % manners_.too_quick_every == 0) return {.status = 429};
  const std::size_t mark = request.target.find('?');
  const std::string path = request.target.substr(0, mark);
  const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  if (path == "/v2/") return {};
  if (path == "/token") return answer_token(request);
  if (path.starts_with("/upload/")) return answer_upload(request, path, query);
  return answer_repository(request, path, query);
}

CannedAnswer FakeRegistry::answer_token(const SeenRequest& request) {
  const std::string fields =
      request.method == "POST" ? request.body : request.target.substr(request.target.find('?') + 1);
  token_requests_.push_back(request.method + " " + percent_decode(fields));
  if (request.method == "POST" && !manners_.identity_tokens_by_post) return {.status = 404};
  if (request.method == "GET" &&
      header(request, "authorization") == "Basic " + std::string("dXNlcjp3cm9uZw==")) {  // user:wrong
    return refuse(401, "UNAUTHORIZED", "incorrect username or password");
  }
  const std::string token = fmt::format("token-{}", next_++);
  tokens_[token] = percent_decode(fields);
  return {.body = nlohmann::json{{"token", token}, {"expires_in", manners_.token_seconds}}.dump()};
}

bool FakeRegistry::is_allowed(const SeenRequest& request, const std::string& repository) const {
  const std::string shown = header(request, "authorization");
  if (manners_.login == RegistryManners::Login::None) return true;
  if (manners_.login == RegistryManners::Login::Basic) return shown == "Basic dXNlcjpwdw==";  // user:pw
  const auto token = shown.starts_with("Bearer ") ? tokens_.find(shown.substr(7)) : tokens_.end();
  return token != tokens_.end() && token->second.find("repository:" + repository + ":pull") != std::string::npos;
}

CannedAnswer FakeRegistry::refuse_login(const std::string& repository) const {
  CannedAnswer answer = refuse(401, "UNAUTHORIZED", "authentication required");
  const std::string realm = manners_.realm.empty() ? server_->url("/token") : manners_.realm;
  if (!manners_.challenge.empty()) {
    answer.headers["WWW-Authenticate"] = manners_.challenge;
  } else if (manners_.login == RegistryManners::Login::Basic) {
    answer.headers["WWW-Authenticate"] = "bAsIc realm=\"fake\"";
  } else {
    answer.headers["WWW-Authenticate"] =
        fmt::format("Bearer realm=\"{}\",service=\"fake\",scope=\"repository:{}:pull\"", realm, repository);
  }
  return answer;
}

CannedAnswer FakeRegistry::answer_repository(const SeenRequest& request, const std::string& path,
                                             const std::string& query) {
  for (const std::string kind : {"/blobs/uploads/", "/blobs/", "/manifests/", "/tags/"}) {
    const std::size_t found = path.find(kind);
    if (!path.starts_with("/v2/") || found == std::string::npos) continue;
    const std::string repository = path.substr(4, found - 4);
    const std::string rest = path.substr(found + kind.size());
    const std::string from = parameter(query, "from");
    if (!is_allowed(request, repository) || (!from.empty() && !is_allowed(request, from)))
      return refuse_login(repository);
    if (kind == "/blobs/uploads/") return begin_upload(repository, query);
    if (kind == "/manifests/") return answer_manifest(request, repository, rest);
    if (kind == "/blobs/" && has_digest(repository, rest)) {
      return {.headers = {{"ETag", '"' + rest + '"'}}, .body = blobs_[repository][rest]};
    }
    return refuse(404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  return {.status = 404};
}

CannedAnswer FakeRegistry::begin_upload(const std::string& repository, const std::string& query) {
  const std::string digest = parameter(query, "mount");
  const std::string from = parameter(query, "from");
  if (!digest.empty() && has_digest(from, digest)) {
    blobs_[repository][digest] = blobs_[from][digest];
    return {.status = 201};
  }
  if (!digest.empty() && !manners_.opens_session_at_mount)
    return refuse(manners_.mount_refusal, "UNSUPPORTED", "no mounts here");
  const std::string path = fmt::format("/upload/{}", next_++);
  sessions_[path] = repository;
  return {.status = 202, .headers = {{"Location", manners_.upload_origin + path + "?state=a%2Fb&x=1"}}};
}

CannedAnswer FakeRegistry::answer_upload(const SeenRequest& request, const std::string& path,
                                         const std::string& query) {
  const auto session = sessions_.find(path);
  if (session == sessions_.end()) return refuse(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
  const std::string repository = session->second;
  if (!query.starts_with("state=a%2Fb&x=1")) return refuse(400, "BLOB_UPLOAD_INVALID", "its state is gone");
  if (manners_.upload_origin.empty() && !is_allowed(request, repository)) return refuse_login(repository);
  if (request.method == "DELETE") {
    sessions_.erase(session);
    return {.status = 204};
  }
  if (!manners_.put_answers.empty()) {
    CannedAnswer planned = manners_.put_answers.front();
    manners_.put_answers.pop_front();
    sessions_.erase(session);
    return planned;
  }
  sessions_.erase(session);
  return finish_upload(request, repository, query);
}

CannedAnswer FakeRegistry::finish_upload(const SeenRequest& request, const std::string& repository,
                                         const std::string& query) {
  const std::string digest = parameter(query, "digest");
  if (digest != digest_of(request.body)) return refuse(400, "DIGEST_INVALID", "provided digest did not match");
  blobs_[repository][digest] = request.body;
  return {.status = 201, .headers = {{"Docker-Content-Digest", digest}}};
}

CannedAnswer FakeRegistry::answer_manifest(const SeenRequest& request, const std::string& repository,
                                           const std::string& reference) {
  const std::string name = repository + ":" + reference;
  if (request.method != "PUT") {
    const auto found = manifests.find(name);
    if (found == manifests.end()) return refuse(404, "MANIFEST_UNKNOWN", "manifest unknown");
    return {.headers = {{"Content-Type", "application/vnd.oci.image.manifest.v1+json; charset=utf-8"},
                        {"Docker-Content-Digest", digest_of(found->second)}},
            .body = found->second};
  }
  const nlohmann::json manifest = nlohmann::json::parse(request.body, nullptr, false);
  for (const nlohmann::json& layer : manifest.value("layers", nlohmann::json::array())) {
    if (manners_.checks_blobs && !has_digest(repository, layer.at("digest"))) {
      return refuse(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    }
  }
  for (const nlohmann::json& child : manifest.value("manifests", nlohmann::json::array())) {
    if (!manifests.contains(repository + ":" + child.at("digest").get<std::string>())) {
      return refuse(400, "MANIFEST_BLOB_UNKNOWN", "child unknown to registry");
    }
  }
  manifests[name] = request.body;
  manifests[repository + ":" + digest_of(request.body)] = request.body;
  return {.status = 201, .headers = {{"Docker-Content-Digest", digest_of(request.body)}}};
}

}  // namespace mlbuild::test
