#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/registry/client.hpp"

#include <string>

namespace mlbuild {

/// Whether the registry lists what refers to an image itself (distribution-spec v1.1, "Listing Referrers"): where it
/// does not, whoever pushes a referrer has to. What is given by reference is used during the call only.
bool lists_referrers(const std::string& registry, const std::string& repository, const BlobDigest& subject,
                     HttpClient& http, CredentialSource& credentials, const Cancellation& cancellation,
                     const RegistryOptions& options);

}  // namespace mlbuild
