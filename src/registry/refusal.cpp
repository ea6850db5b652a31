#include "refusal.hpp"

#include "small_exchange.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownBytes = 300;
constexpr std::size_t kMaxErrors = 16;

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string beginning(std::string_view text) { return printable(trim(text.substr(0, kShownBytes))); }

std::string credentials_hint(const RegistryTask& task, const CredentialSource& credentials) {
  std::string hint = fmt::format("log in with `mlbuild login {}`", task.registry);
  const std::vector<std::string> tried = credentials.tried(task.registry);
  if (!tried.empty()) hint += "; credentials were looked for in: " + join(tried, "; ");
  return hint;
}

std::string hint_for(const RegistryTask& task, const HttpResponse& response, const CredentialSource& credentials) {
  switch (response.status) {
    case 401:
      return credentials_hint(task, credentials);
    case 403:
      return credentials_hint(task, credentials) +
             fmt::format("; or ask for the right to do this to `{}`", task.repository);
    case 404:
      return fmt::format("check the name `{}/{}`; some registries want a repository to be made before the first push",
                         task.registry, task.repository);
    case 405:
      return "this registry takes no pushes: a mirror or cache is a frequent cause";
    case 413:
      return "the registry or a proxy before it limits the size of a layer; raise its limit, or split large wheels";
    default:
      return "what the registry said is above; its own log says more";
  }
}

}  // namespace

std::vector<RegistryError> parse_registry_errors(std::string_view body) {
  std::vector<RegistryError> errors;
  const json document = json::parse(body, nullptr, false);
  if (!document.is_object()) return errors;
  const auto list = document.find("errors");
  if (list == document.end() || !list->is_array()) return errors;
  for (const json& entry : *list) {
    if (!entry.is_object() || errors.size() == kMaxErrors) continue;
    errors.push_back({text_member(entry, "code"), text_member(entry, "message")});
  }
  return errors;
}

bool has_code(const HttpResponse& response, std::string_view code) {
  return std::ranges::any_of(parse_registry_errors(error_body(response)),
                             [&](const RegistryError& error) { return error.code == code; });
}

std::string said(const HttpResponse& response) {
  const std::string body = error_body(response);
  std::vector<std::string> texts;
  for (const RegistryError& error : parse_registry_errors(body)) {
    const std::string code = beginning(error.code);
    const std::string message = beginning(error.message);
    texts.push_back(fmt::format("{}{}{}", code, code.empty() || message.empty() ? "" : ": ", message));
  }
  if (!texts.empty()) return join(texts, "; ");
  const std::string_view text = trim(body);
  if (text.starts_with('<')) return "an HTML page, probably of a proxy";
  return beginning(text);
}

Error describe_refusal(const RegistryTask& task, const HttpResponse& response, const CredentialSource& credentials) {
  const std::string words = said(response);
  const char* verdict = response.status == 401 ? "wants a login to" : "refuses to";
  Error error(ErrorKind::Network, fmt::format("registry `{}` {} {} ({}{}{})", task.registry, verdict, task.doing,
                                              response.status, words.empty() ? "" : ": ", words));
  error.hint(hint_for(task, response, credentials));
  return error;
}

}  // namespace mlbuild
