#pragma once

#include "mlbuild/sys/temp_dir.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild::test {

/// The real server of Debian's package docker-registry on a free loopback port, with its data in a directory of its
/// own. Throws std::runtime_error when it is not installed or does not start; ends with the object.
class DockerRegistry {
 public:
  struct Options {
    bool login = false;               ///< Basic; "user" with "secret"
    bool tls = false;                 ///< with the self-signed certificate() of localhost
    bool client_certificate = false;  ///< besides, wants client_certificate()
  };
  DockerRegistry() : DockerRegistry(Options{}) {}
  explicit DockerRegistry(Options options);
  ~DockerRegistry();
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  std::string host() const;  ///< "localhost:PORT"
  std::filesystem::path certificate() const { return directory_.path() / "server.crt"; }
  std::filesystem::path client_certificate() const { return directory_.path() / "client.cert"; }  ///< and client.key
  std::filesystem::path data() const { return directory_.path() / "data"; }
  /// "PUT /v2/team/app/manifests/1 201" for each request so far, without query, in the order of the answers.
  std::vector<std::string> log() const;
  /// Lines of log() from `since` on that begin so.
  std::vector<std::string> log_of(const std::string& beginning, std::size_t since = 0) const;

 private:
  void write_configuration(const Options& options) const;
  void start();
  bool answers() const;

  TempDir directory_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace mlbuild::test
