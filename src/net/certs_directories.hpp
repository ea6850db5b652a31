#pragma once

#include "mlbuild/net/url.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlbuild {

/// What the user keeps for one server.
struct OriginCertificates {
  std::string ca_pem;                 ///< authorities, with those of the bundle; empty: none but those for all servers
  std::filesystem::path certificate;  ///< of this client; empty: none
  std::filesystem::path key;
};

/// Directories of the form that docker and containers know (containers-certs.d(5)): DIRECTORY/HOST[:PORT]/ with any
/// number of NAME.crt, the authorities, and NAME.cert with NAME.key, this client's certificate, of which the first by
/// name is shown. The first directory that has one for the server counts. Thread-safe; each server is looked up once.
class CertsDirectories {
 public:
  /// `bundle`: authorities that count for all servers, as a file; empty: those of libcurl.
  explicit CertsDirectories(std::vector<std::filesystem::path> directories, std::filesystem::path bundle = {})
      : directories_(std::move(directories)), bundle_(std::move(bundle)) {}

  /// Throws Error{Usage} that names the file for a certificate without its key or the other way round, and Error{Io}
  /// for what cannot be read.
  const OriginCertificates& of(const Url& url);

 private:
  std::filesystem::path directory_of(const Url& url) const;

  const std::vector<std::filesystem::path> directories_;
  const std::filesystem::path bundle_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<OriginCertificates>> known_;  ///< by origin
};

}  // namespace mlbuild
