#pragma once

#include "connection.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <string>

namespace mlbuild {

/// Brings blobs into repositories (distribution-spec v1.1, "Pushing blobs", "Mounting a blob from another repository").
/// Thread-safe.
class BlobUploader {
 public:
  explicit BlobUploader(RegistryConnection& connection)
      : connection_(connection), mounts_without_source_(connection.quirks().mount_without_source) {}

  bool has(const std::string& repository, const BlobDigest& digest);
  BlobPush push(const std::string& repository, const BlobToPush& blob,
                const std::function<void(std::uint64_t)>& on_sent);

 private:
  /// How one try ended.
  enum class Attempt { Done, Again };
  struct Task;

  std::optional<Url> open_session(const Task& task, bool may_mount);  ///< nothing: the blob was mounted
  std::optional<Url> try_mounts(const Task& task, bool& mounted);
  HttpResponse post(const Task& task, const std::string& query, const std::string& source);
  Attempt send_or_cancel(const Task& task, const Url& session, HttpResponse& last);
  Attempt send_bytes(const Task& task, const Url& session, HttpResponse& last);
  HttpResponse send_part(const Task& task, const std::string& method, const Url& target, bool with_body, bool& renewed);
  void check_kept(const Task& task, const HttpResponse& response) const;
  void cancel(const Task& task, const Url& session) noexcept;
  void pause(int failed_tries) const;
  [[noreturn]] void give_up(const Task& task, const HttpResponse& last) const;

  RegistryConnection& connection_;
  std::atomic<bool> mounts_without_source_;
};

}  // namespace mlbuild
