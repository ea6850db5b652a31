#pragma once

#include "mlbuild/debian/packages_index.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mlbuild {

/// Where Debian suites are on this site. Each is the part of the URL before "/dists".
struct DebianMirrors {
  std::string main;
  std::string security;  ///< for `<suite>-security`
};

struct VerifiedRelease {
  std::string suite;  ///< "bookworm-security"
  BlobDigest in_release_digest;
  std::string date;  ///< the Release file's Date field as RFC 3339 UTC
  std::int64_t date_seconds = 0;
};

struct DebianIndex {
  std::vector<VerifiedRelease> releases;
  debian::PackagesIndex packages;
};

/// Fetches InRelease of `suite`, `suite-updates` and `suite-security`, checks each by gpgv against `keyring` (a missing
/// gpgv or keyring is an error that names the Debian package), enforces Valid-Until, fetches Packages.xz by hash and
/// checks it. Packages files are kept in `store` by their digest. Throws Error{Network}, Error{Foreign}.
DebianIndex fetch_debian_index(HttpClient& http, BlobStore& store, const DebianMirrors& mirrors,
                               const std::string& suite, const std::string& architecture,
                               const std::filesystem::path& keyring, const Cancellation& cancellation);

/// Called with the number of further bytes received.
using ByteProgress = std::function<void(std::uint64_t)>;

/// Gets one .deb into the store (nothing to do when it is there): from the mirror of its suite by path, checked by
/// digest and size.
void fetch_deb(HttpClient& http, BlobStore& store, const DebianMirrors& mirrors, const std::string& suite,
               const std::string& path, const BlobDigest& digest, std::uint64_t size_bytes,
               const ByteProgress& progress);

}  // namespace mlbuild
