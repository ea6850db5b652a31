#pragma once

#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <sys/types.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace mlbuild::test {

/// dockerd cannot run here; what() has its own words.
class DaemonUnavailable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// dockerd of Debian's package docker.io, started by hand with everything it writes in a directory of its own, without
/// bridge and iptables: good for images, not for containers. Needs root. Throws DaemonUnavailable when it does not
/// start, std::runtime_error when it is not installed.
class DockerDaemon {
 public:
  DockerDaemon();
  ~DockerDaemon();
  DockerDaemon(const DockerDaemon&) = delete;
  DockerDaemon& operator=(const DockerDaemon&) = delete;

  std::filesystem::path socket() const { return directory_.path() / "docker.sock"; }
  CommandResult docker(std::vector<std::string> arguments) const;  ///< the client, speaking to this daemon
  /// Ends it, and returns the mounts below its directory that it left behind; they are gone, too, afterwards.
  std::vector<std::string> stop();
  std::string last_words() const;  ///< the end of its log

 private:
  void start();
  void wait_until_it_answers();
  std::vector<std::string> mounts() const;

  TempDir directory_;
  pid_t pid_ = -1;
};

}  // namespace mlbuild::test
