#pragma once

#include "support/http_server.hpp"

#include "mlbuild/sys/cancel.hpp"
#include "mlbuild/sys/file.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace mlbuild::test {

/// A Debian archive in miniature, signed by a key made for it: suites toy, toy-updates and toy-security under /debian
/// and /debian-security of one server. Needs gpg; throws Error when it is missing.
class FakeDebianArchive {
 public:
  FakeDebianArchive();
  ~FakeDebianArchive();

  struct Suite {
    std::string codename;
    std::string packages;     ///< plain text of main/binary-amd64/Packages
    std::string valid_until;  ///< empty: no such field
    std::string signer = "archive@example.org";
    bool by_hash = true;
  };
  /// Signs and serves it; what was served before under the same names is replaced.
  void publish(const std::string& folder, const std::string& name, const Suite& suite);
  void publish_all();  ///< three good suites with the package `hello`

  std::string clear_sign(const std::string& text, const std::string& signer);
  void make_key(const std::string& email);
  void export_keyring(const std::string& email);
  const std::filesystem::path& keyring() const { return keyring_; }
  static std::string packages_text(const std::string& version);
  static std::string target_of_packages(const std::string& folder, const std::string& name);
  std::string by_hash_target(const std::string& folder, const std::string& name) const {
    return by_hash_.at(folder + name);
  }

  HttpServer server;

 private:
  std::string gpg(std::vector<std::string> arguments, const std::string& input);
  Cancellation cancellation_;
  TempDir home_;
  std::filesystem::path keyring_;
  std::map<std::string, std::string> by_hash_;
};

std::string xz(const std::string& plain);

}  // namespace mlbuild::test
