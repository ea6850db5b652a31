#pragma once

#include "credential_record.hpp"
#include "google_token.hpp"

#include <memory>
#include <string>

namespace mlbuild {

/// What the executable of a credential source is told (AIP-4117, "Executable-sourced credentials").
struct SubjectTokenRequest {
  std::string audience;
  std::string token_type;
  std::string impersonated_email;  ///< "" for none
};

/// Where the token of the other identity provider comes from: a file that somebody renews, a URL, a program.
class SubjectTokenSource {
 public:
  virtual ~SubjectTokenSource() = default;
  virtual std::string fetch() = 0;
  virtual std::string describe() const = 0;
};

/// Reads `credential_source` of an external account. Error{Step} for what is broken or not supported (AWS,
/// certificates).
std::unique_ptr<SubjectTokenSource> read_subject_token_source(const CredentialRecord& record,
                                                              const SubjectTokenRequest& request,
                                                              const GoogleContext& context);

}  // namespace mlbuild
