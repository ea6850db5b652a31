#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

struct PublishResult {
  std::string where;                ///< "oci:out/image" as the user may type it
  BlobDigest digest;                ///< of the manifest, or of the index for several platforms
  std::uint64_t written_bytes = 0;  ///< blobs that were not there yet
  std::uint64_t reused_bytes = 0;
};

/// Puts finished images somewhere. `tag` names the image in places that know names. `on_bytes` hears of further bytes,
/// those that were there already included, perhaps from several threads.
class ImageSink {
 public:
  virtual ~ImageSink() = default;
  /// Throws what put() would throw for so many images, so that it can be told before any work.
  virtual void check(std::size_t /*image_count*/) const {}
  /// A layer that the images of the coming put() have is in `store`, while others are still being made: a sink that
  /// talks to somebody far away begins to send it, in the background. `tag` is that of put(). Throws like
  /// check_prepared(). Any thread, but not beside put(). What is given by reference must outlive the sink.
  virtual void prepare(const ImageLayer& /*layer*/, const std::string& /*tag*/, BlobStore& /*store*/,
                       const Cancellation& /*cancellation*/) {}
  /// Throws what went wrong in the background, as put() would.
  virtual void check_prepared() {}
  virtual PublishResult put(const ImageSet& set, const std::string& tag, BlobStore& store,
                            const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) = 0;
};

/// OCI image-layout v1.1 (image-layout.md) in a directory; blobs that are there with the right size are not written
/// again, other tags and their blobs stay. index.json is replaced last, atomically; interrupted runs leave a valid
/// layout.
std::unique_ptr<ImageSink> make_oci_layout_sink(std::filesystem::path directory);

/// `docker save` format (manifest.json, config, layers), which `docker load` and `podman load` read; deterministic
/// bytes; written to a temporary name and renamed. One platform only: Error{Usage} otherwise.
std::unique_ptr<ImageSink> make_docker_archive_sink(std::filesystem::path file);

/// What a sink needs to talk to registries. The objects must outlive it.
struct RegistryAccess {
  HttpClient& http;
  CredentialSource& credentials;
  RegistryOptions options = {};
  std::vector<std::string> mount_from = {};  ///< repositories of the same registry that may have layers already
  /// Those that are known to have one; asked before `mount_from`. Empty: none are known.
  std::function<std::vector<std::string>(const BlobDigest&)> places_of = {};
  std::shared_ptr<RegistryClient> client = {};  ///< shared by all that talk to the registry; empty: one of its own
};

/// Pushes to the registry and repository that `where` names, under its tag and `more_tags`; without a tag, under that
/// of put(). What the image now behind the first tag is made of is taken to be there, everything else is looked for,
/// mounted or sent, several blobs at a time; then manifests, index and tags, in this order. `where.host` is not empty.
std::unique_ptr<ImageSink> make_registry_sink(oci::Reference where, std::vector<std::string> more_tags,
                                              const RegistryAccess& access);

/// Where docker and podman may listen on this machine: what DOCKER_HOST names, which must be unix:///PATH (else
/// Error{Usage}), or the usual places. Pure.
std::vector<std::filesystem::path> daemon_sockets(const std::map<std::string, std::string>& environment);

/// What a sink needs to talk to a docker or podman. The client must outlive it.
struct DaemonAccess {
  HttpClient& http;
  std::vector<std::filesystem::path> sockets;  ///< the first that there is and may be used is taken
};

/// Loads the image into the daemon: the bytes of make_docker_archive_sink over its API socket, from the store as they
/// go, with no copy in between. One platform only: Error{Usage} otherwise. Throws Error{Network} at once when no socket
/// can be used, and from put() what the daemon said.
std::unique_ptr<ImageSink> make_daemon_sink(const DaemonAccess& access);

/// "oci:DIR" | "docker:FILE.tar" | "registry:HOST/REPOSITORY[:TAG]" | "daemon". Throws Error{Usage} with what is
/// possible; without `registry` and `daemon` only files can be written.
std::unique_ptr<ImageSink> make_sink(const std::string& destination, const RegistryAccess* registry = nullptr,
                                     const DaemonAccess* daemon = nullptr);

}  // namespace mlbuild
