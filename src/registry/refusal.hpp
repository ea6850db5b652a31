#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/credentials.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// One entry of a registry's error document (distribution-spec v1.1, "Error Codes").
struct RegistryError {
  std::string code;  ///< "DENIED"
  std::string message;
};

/// Foreign text; anything that is not such a document gives nothing.
std::vector<RegistryError> parse_registry_errors(std::string_view body);
bool has_code(const HttpResponse& response, std::string_view code);

/// What the server said, in one printable line: its error document, else the beginning of its text; "" for nothing.
std::string said(const HttpResponse& response);

/// What was asked for and of whom, for messages.
struct RegistryTask {
  std::string registry;
  std::string repository;
  std::string doing;  ///< "push layer sha256:..."
};

/// Error{Network} for a status that ends the task, with a way out. `credentials` is asked what it tried.
Error describe_refusal(const RegistryTask& task, const HttpResponse& response, const CredentialSource& credentials);

}  // namespace mlbuild
