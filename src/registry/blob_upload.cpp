// POST opens a session, PUT sends everything. A PUT that dies is not resumed: what the session holds then is the
// registry's guess (some append without a look at the offset), so the blob is begun again in a new session, from a
// source that gives the same bytes again.

#include "blob_upload.hpp"

#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>

namespace mlbuild {

struct BlobUploader::Task {
  const std::string& repository;
  const BlobToPush& blob;
  const std::function<void(std::uint64_t)>& on_sent;

  std::string doing() const { return fmt::format("push blob {} to `{}`", blob.digest.to_string(), repository); }
};

namespace {

constexpr int kSlowedTries = 4;  // for each of the usual ones, where a registry only wants to be asked less often
constexpr std::uint64_t kAnswerLimitBytes = 1U << 20U;  // of bodies that nobody reads

bool is_success(int status) { return status >= 200 && status < 300; }

/// The session is gone or in a state that we do not know: 404, 416 and these codes of distribution-spec, "Error Codes".
bool lost_session(const HttpResponse& response) {
  if (response.status == 416) return true;
  if (response.status != 404 && response.status != 400) return false;
  constexpr std::array<std::string_view, 4> kCodes{"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID",
                                                   "SIZE_INVALID"};
  return std::ranges::any_of(kCodes, [&](std::string_view code) { return has_code(response, code); });
}

std::string encoded(const BlobDigest& digest) { return "sha256%3A" + digest.hex(); }

/// The session's URL belongs to the registry: all of its query stays, in its order.
Url with_digest(Url session, const BlobDigest& digest) {
  session.query += (session.query.empty() ? "digest=" : "&digest=") + encoded(digest);
  return session;
}

std::string source_query(const BlobDigest& digest, const std::string& source) {
  const std::string mount = "?mount=" + encoded(digest);
  return source.empty() ? mount : mount + "&from=" + percent_encode_path(source);
}

}  // namespace

bool BlobUploader::has(const std::string& repository, const BlobDigest& digest) {
  HttpRequest request;
  request.method = "HEAD";
  request.url = connection_.url(repository, "blobs/" + digest.to_string());
  const HttpResponse response = connection_.send(request, RegistryConnection::may_push(repository), drop_answer());
  if (response.status == 200) return true;
  if (response.status == 401 || response.status == 403) {
    throw connection_.refusal(repository, fmt::format("push to `{}`", repository), response);
  }
  return false;  // 404, or a proxy that knows no HEAD: sending tells
}

HttpResponse BlobUploader::post(const Task& task, const std::string& query, const std::string& source) {
  HttpRequest request;
  request.method = "POST";
  request.url = connection_.url(task.repository, "blobs/uploads/" + query);
  request.body_limit_bytes = kAnswerLimitBytes;
  request.once = !query.empty();  // a mount is an optimisation: when it fails, the ordinary upload follows
  Permission permission = RegistryConnection::may_push(task.repository);
  if (!source.empty()) permission.scope.add(TokenScope::pull(source));
  return connection_.send(request, permission, drop_answer());
}

// 202 is an open session (rule of the specification: use it), anything else but 201 a registry that knows no mounts: go
// on with an ordinary upload.
std::optional<Url> BlobUploader::try_mounts(const Task& task, bool& mounted) {
  std::vector<std::string> sources = task.blob.mount_from;
  std::erase(sources, task.repository);
  const bool guesses = sources.empty() && mounts_without_source_;
  if (guesses) sources.emplace_back();
  std::optional<Url> session;
  for (const std::string& source : sources) {
    if (session) cancel(task, *session);
    session.reset();
    const HttpResponse response = post(task, source_query(task.blob.digest, source), source);
    if (response.status == 201) {
      mounted = true;
      return std::nullopt;
    }
    if (response.status == 202) session = connection_.location(response);
    if (guesses && response.status >= 400 && response.status < 500) mounts_without_source_ = false;
  }
  return session;
}

std::optional<Url> BlobUploader::open_session(const Task& task, bool may_mount) {
  bool mounted = false;
  if (may_mount) {
    if (std::optional<Url> session = try_mounts(task, mounted); session || mounted) return session;
  }
  const HttpResponse response = post(task, "", "");
  if (response.status != 202) throw connection_.refusal(task.repository, task.doing(), response);
  return connection_.location(response);
}

HttpResponse BlobUploader::send_part(const Task& task, const std::string& method, const Url& target, bool with_body,
                                     bool& renewed) {
  HttpRequest request;
  request.method = method;
  request.url = target.to_string();
  request.headers["Content-Type"] = "application/octet-stream";
  request.body_limit_bytes = kAnswerLimitBytes;
  if (with_body) {
    request.body = HttpBody{task.blob.open, task.blob.size_bytes};
    request.on_sent = task.on_sent;
  }
  const Permission permission =
      RegistryConnection::may_transfer(RegistryConnection::may_push(task.repository), task.blob.size_bytes);
  return connection_.send_once(std::move(request), permission, renewed);
}

BlobUploader::Attempt BlobUploader::send_bytes(const Task& task, const Url& session, HttpResponse& last) {
  bool renewed = false;
  Url target = session;
  bool body_is_sent = false;
  if (connection_.quirks().upload == UploadStyle::PatchThenPut) {
    last = send_part(task, "PATCH", session, true, renewed);
    if (is_success(last.status)) {
      target = connection_.location(last);
      body_is_sent = true;
    }
  }
  if (connection_.quirks().upload == UploadStyle::OnePut || body_is_sent) {
    last = send_part(task, "PUT", with_digest(target, task.blob.digest), !body_is_sent, renewed);
    if (is_success(last.status)) {
      check_kept(task, last);
      return Attempt::Done;
    }
  }
  if (renewed || last.transient || lost_session(last)) return Attempt::Again;
  cancel(task, session);
  give_up(task, last);
}

void BlobUploader::check_kept(const Task& task, const HttpResponse& response) const {
  const std::string_view kept = response.header("docker-content-digest");
  if (!kept.starts_with("sha256:") || kept == task.blob.digest.to_string()) return;
  throw Error(ErrorKind::Network, fmt::format("registry `{}` keeps blob {} of `{}` as {}", connection_.registry(),
                                              task.blob.digest.to_string(), task.repository, printable(kept)))
      .hint("the registry or a proxy before it changes what is sent");
}

/// An upload that is interrupted leaves no open session behind.
BlobUploader::Attempt BlobUploader::send_or_cancel(const Task& task, const Url& session, HttpResponse& last) {
  try {
    return send_bytes(task, session, last);
  } catch (const Error& failure) {
    if (failure.kind() == ErrorKind::Interrupted) cancel(task, session);
    throw;
  }
}

BlobPush BlobUploader::push(const std::string& repository, const BlobToPush& blob,
                            const std::function<void(std::uint64_t)>& on_sent) {
  const Task task{repository, blob, on_sent};
  const RegistryOptions& options = connection_.options();
  bool was_refused = false;
  int failed = 0, slowed = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const std::optional<Url> session = open_session(task, failed + slowed == 0);
    if (!session) return BlobPush::Mounted;
    HttpResponse last;
    if (send_or_cancel(task, *session, last) == Attempt::Done) return BlobPush::Sent;
    const bool refused =
        last.status == 401;  // a token that expired on the way is renewed by now: no pause, but once only
    // A registry that counts requests works: what it refuses is the pace, and it has taken nothing. It is spared
    // whatever need not be asked; who asks in step with its counting would be told 429 each time.
    const bool is_too_quick = last.status == 429;
    ++(is_too_quick ? slowed : failed);
    if (!refused && !is_too_quick && has(repository, blob.digest)) return BlobPush::Sent;  // only the answer was lost
    const bool is_late = std::chrono::steady_clock::now() - begin >= options.retry_time;
    const bool is_enough = failed >= options.upload_tries || slowed >= kSlowedTries * options.upload_tries;
    const bool gives_up = is_late || is_enough || (refused && was_refused);
    if (gives_up || !is_too_quick) cancel(task, *session);
    if (gives_up) give_up(task, last);
    was_refused = refused;
    if (!refused) pause(failed + slowed);
  }
}

// Spares the registry a half-filled session. It would expire anyway, so a failure is none.
void BlobUploader::cancel(const Task& task, const Url& session) noexcept {
  try {
    HttpRequest request;
    request.method = "DELETE";
    request.farewell = true;
    request.body_limit_bytes = kAnswerLimitBytes;
    request.url = session.to_string();
    bool renewed = false;
    connection_.send_once(std::move(request), RegistryConnection::may_push(task.repository), renewed);
  } catch (const std::exception&) {
    return;
  }
}

// Full jitter, as in HttpClient. A pause that the registry asked for is kept there, for all requests.
void BlobUploader::pause(int failed_tries) const {
  using std::chrono::milliseconds;
  const RegistryOptions& options = connection_.options();
  const milliseconds limit = std::min(options.backoff_base * (1 << std::min(failed_tries, 10)), options.backoff_limit);
  std::random_device random;
  milliseconds rest(std::uniform_int_distribution<milliseconds::rep>(0, limit.count())(random));
  constexpr milliseconds kSlice{50};
  for (; rest > milliseconds::zero(); rest -= kSlice) {
    connection_.cancellation().check();
    std::this_thread::sleep_for(std::min(rest, kSlice));
  }
}

void BlobUploader::give_up(const Task& task, const HttpResponse& last) const {
  if (!last.failure) throw connection_.refusal(task.repository, task.doing(), last);
  Error error = *last.failure;
  throw error.while_doing("trying to " + task.doing());
}

}  // namespace mlbuild
