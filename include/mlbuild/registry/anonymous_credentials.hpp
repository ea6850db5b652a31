#pragma once

#include "mlbuild/registry/credentials.hpp"

namespace mlbuild {

/// Knows nobody: everything is asked for without a login.
class AnonymousCredentials final : public CredentialSource {
 public:
  std::optional<RegistryCredential> find(const std::string&, const std::string&) override { return std::nullopt; }
  std::vector<std::string> tried(const std::string&) const override { return {}; }
};

}  // namespace mlbuild
