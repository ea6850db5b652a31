#pragma once

#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mlbuild {

/// What a user logs in to: "registry.example:5000" or a part of it, "registry.example/team".
struct LoginTarget {
  std::string registry;
  std::string name_space;  ///< "" for the whole registry

  static LoginTarget parse(const std::string& text);  ///< with or without a scheme; throws Error{Usage}
  std::string to_string() const;
};

enum class LoginCheck {
  Accepted,
  NotAsked,  ///< the registry lets anybody ask what was asked
};

/// Shows `credential` to the registry. Error{Network} when it is refused, without a word of it.
LoginCheck check_login(const LoginTarget& target, const RegistryCredential& credential, HttpClient& http,
                       const Cancellation& cancellation, const RegistryOptions& options = {});

/// Puts a user and a password into the file that is looked at first (REGISTRY_AUTH_FILE, else containers auth.json; see
/// docs/credentials.md), in place of what it has for the same target; all else stays as it is. The file is replaced at
/// once and readable by its owner only. Returns the file. Error{Usage} when a credential helper is in charge there.
std::filesystem::path write_login(const std::map<std::string, std::string>& environment, const LoginTarget& target,
                                  const std::string& username, const std::string& password);

/// Takes the target's login out of every such file, but not out of docker's. Returns the files that had one.
std::vector<std::filesystem::path> remove_login(const std::map<std::string, std::string>& environment,
                                                const LoginTarget& target);

}  // namespace mlbuild
