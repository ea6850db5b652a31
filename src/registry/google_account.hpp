#pragma once

#include "credential_record.hpp"
#include "google_token.hpp"

#include <memory>

namespace mlbuild {

/// Reads a credentials file of Google, by its `type`: service_account, authorized_user, external_account,
/// external_account_authorized_user, impersonated_service_account. Nothing is fetched yet. Error{Step} for a file that
/// is broken or of a type that is not known here.
std::unique_ptr<GoogleTokenSource> read_google_account(const CredentialRecord& record, const GoogleContext& context);

/// AIP-4117: a token of another identity provider is exchanged for one of Google's.
std::unique_ptr<GoogleTokenSource> read_external_account(const CredentialRecord& record, const GoogleContext& context);

}  // namespace mlbuild
