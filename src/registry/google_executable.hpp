#pragma once

#include "google_subject_token.hpp"

#include <memory>

namespace mlbuild {

/// AIP-4117, "Executable-sourced credentials": a program prints the token as JSON, or left it in its output file. Runs
/// only where GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1, as a credentials file is otherwise only data.
std::unique_ptr<SubjectTokenSource> read_executable_source(const CredentialRecord& source,
                                                           const SubjectTokenRequest& request,
                                                           const GoogleContext& context);

}  // namespace mlbuild
