#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

class RegistriesConf;

struct RegistryOptions {
  /// Speak http although the host is not loopback. Only ever set because the user said so.
  bool plain_http = false;
  std::size_t parallel = 8;  ///< requests at a time, whatever number of threads asks
  int upload_tries = 5;      ///< of one blob, each with an upload session of its own
  std::chrono::milliseconds backoff_base{500};
  std::chrono::milliseconds backoff_limit{20000};
  std::chrono::seconds retry_time{600};             ///< no try of an upload begins so long after its first one
  const RegistriesConf* registries_conf = nullptr;  ///< where else to pull from; must outlive the client
};

/// A blob that is to be in a repository. `open` gives its bytes from the start as often as asked, on any thread.
struct BlobToPush {
  BlobDigest digest;
  std::uint64_t size_bytes = 0;
  std::function<std::unique_ptr<Source>()> open;
  std::vector<std::string> mount_from;  ///< repositories of the same registry that may have it, likeliest first
};

enum class BlobPush {
  Mounted,  ///< the registry linked it from another repository
  Sent,
};

/// What a token is asked for. A push reads, too; one token for both spares a request.
enum class RepositoryUse { Pull, Push };

/// A manifest or index as the registry keeps it.
struct RegistryManifest {
  std::string media_type;
  std::string bytes;
  BlobDigest digest;  ///< of `bytes`, computed here
};

/// One registry ("host" or "host:port") over the OCI distribution-spec v1.1. https, save for loopback hosts, which are
/// asked which one they speak, and for `plain_http`. Authenticates when the registry asks for it: Basic, or Bearer with
/// tokens for exactly the repositories at hand, renewed in time. Thread-safe. All failures are Error{Network} that say
/// what the registry said; bytes that do not have their digest are Error{Foreign}.
class RegistryClient {
 public:
  /// What is given by reference must outlive the client.
  RegistryClient(std::string registry, HttpClient& http, CredentialSource& credentials,
                 const Cancellation& cancellation, RegistryOptions options = {});
  ~RegistryClient();

  const std::string& registry() const;
  /// Error{Usage} when a blob is larger than this registry is known to take.
  void check_size(const BlobDigest& digest, std::uint64_t size_bytes) const;

  bool has_blob(const std::string& repository, const BlobDigest& digest);
  /// Mounts the blob, or sends it with POST and one PUT; a try that dies is begun again in a session of its own, after
  /// a look whether the blob arrived after all. `on_sent`: bytes of the current try. Does not look before the first try
  /// whether the blob is there: see has_blob.
  BlobPush push_blob(const std::string& repository, const BlobToPush& blob,
                     const std::function<void(std::uint64_t)>& on_sent);
  /// Streams a blob, checked against the descriptor. `start_body` as in HttpClient::fetch. From a mirror when
  /// RegistriesConf names one that has it, as fetch_manifest() does for RepositoryUse::Pull; a mirror that fails is
  /// passed over.
  void fetch_blob(const std::string& repository, const oci::Descriptor& descriptor,
                  const std::function<Sink&()>& start_body);

  /// `reference` is a tag or "sha256:...". Nothing when there is none. More than `limit_bytes` is Error{Network}.
  std::optional<RegistryManifest> fetch_manifest(const std::string& repository, const std::string& reference,
                                                 RepositoryUse use = RepositoryUse::Pull,
                                                 std::uint64_t limit_bytes = kManifestLimitBytes);
  /// What a push would replace or need not send; no mirror is asked. `reference` as above.
  std::optional<BlobDigest> find_manifest(const std::string& repository, const std::string& reference);
  /// Sends exactly these bytes. False when the registry says that a blob is missing; the caller may send it.
  [[nodiscard]] bool put_manifest(const std::string& repository, const std::string& reference,
                                  std::string_view media_type, std::string_view bytes);
  std::vector<std::string> fetch_tags(const std::string& repository);

  static constexpr std::uint64_t kManifestLimitBytes = 16U << 20U;  ///< registries must take 4 MiB; some take more

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace mlbuild
