#pragma once

#include "mlbuild/debian/packages_index.hpp"
#include "mlbuild/sys/file.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace mlbuild::test {

/// The host's apt with a private, empty root: the oracle for our closure, and the source of real packages. Needs apt,
/// its configured sources and the network; throws Error{Step} with apt's words when something is missing.
class AptRoot {
 public:
  AptRoot();
  /// The same lists, read by our own index.
  debian::PackagesIndex index() const;
  /// What `apt-get -s install` would install.
  std::set<std::string> simulate(const std::vector<std::string>& wanted) const;
  /// Fetches exactly these versions; the .deb of each, in order.
  std::vector<std::filesystem::path> download(const std::vector<const debian::Package*>& packages) const;

 private:
  std::string run(std::vector<std::string> argv, const std::filesystem::path& directory = {}) const;
  TempDir root_;
};

}  // namespace mlbuild::test
