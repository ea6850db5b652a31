#pragma once

#include "support/http_server.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace mlbuild::test {

/// How a FakeRegistry behaves. Set before the first request.
struct RegistryManners {
  enum class Login { None, Basic, Bearer };
  Login login = Login::None;
  std::string realm = {};              ///< of Bearer; empty: this server's /token
  std::string challenge = {};          ///< the whole header instead
  std::string upload_origin = {};      ///< Location of uploads, before "/upload/N"; empty: relative
  bool opens_session_at_mount = true;  ///< 202 for a mount that cannot be done; else mount_refusal
  int mount_refusal = 400;
  bool identity_tokens_by_post = true;  ///< else POST /token is 404
  int token_seconds = 300;
  std::deque<CannedAnswer> put_answers = {};  ///< given to the next PUTs of blobs, which keep nothing then
  int too_quick_every = 0;                    ///< each so manieth request is answered 429; 0: none
  bool checks_blobs = true;                   ///< of a manifest
  std::function<void(const SeenRequest&)> on_request = {};  ///< told before it is answered
};

/// A registry in memory with what is needed to push and pull, strict about order, digests and tokens. Only what the
/// tests ask for is true to the specification; the real server is used elsewhere.
class FakeRegistry {
 public:
  explicit FakeRegistry(RegistryManners manners = {});
  std::string host() const;  ///< "127.0.0.1:PORT"
  HttpServer& server() { return *server_; }
  std::vector<std::string> log() const;  ///< "PUT /v2/..." without query, in order
  std::size_t count(const std::string& beginning) const;
  void add_blob(const std::string& repository, const std::string& content);
  bool has_blob(const std::string& repository, const std::string& content) const;
  void lose_blobs();
  void expire_tokens();
  std::vector<std::string> token_requests() const;  ///< query or form of each
  std::map<std::string, std::string> manifests;     ///< "repository:reference" -> bytes

 private:
  CannedAnswer answer(const SeenRequest& request);
  CannedAnswer answer_token(const SeenRequest& request);
  CannedAnswer answer_repository(const SeenRequest& request, const std::string& path, const std::string& query);
  CannedAnswer answer_upload(const SeenRequest& request, const std::string& path, const std::string& query);
  CannedAnswer begin_upload(const std::string& repository, const std::string& query);
  CannedAnswer finish_upload(const SeenRequest& request, const std::string& repository, const std::string& query);
  CannedAnswer answer_manifest(const SeenRequest& request, const std::string& repository, const std::string& reference);
  bool is_allowed(const SeenRequest& request, const std::string& repository) const;
  CannedAnswer refuse_login(const std::string& repository) const;
  bool has_digest(const std::string& repository, const std::string& digest) const;

  RegistryManners manners_;
  mutable std::recursive_mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>> blobs_;  ///< repository -> digest -> content
  std::map<std::string, std::string> sessions_;                      ///< path -> repository
  std::map<std::string, std::string> tokens_;                        ///< value -> scopes
  std::vector<std::string> token_requests_;
  int next_ = 1;
  int requests_ = 0;
  std::unique_ptr<HttpServer> server_;
};

/// "sha256:..." of a text.
std::string digest_of(const std::string& content);

}  // namespace mlbuild::test
