#include "daemon_answer.hpp"

#include "mlbuild/base/text.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownBytes = 500;

std::string shown(std::string_view text) { return printable(trim(text.substr(0, kShownBytes))); }

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<json> parse_object(std::string_view text) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  return document;
}

/// {"errorDetail": {"message": "..."}, "error": "..."}; "error" alone is the older form of the same.
std::string error_of(const json& line) {
  const auto detail = line.find("errorDetail");
  if (detail != line.end() && detail->is_object()) {
    if (std::string message = text_member(*detail, "message"); !message.empty()) return message;
  }
  const std::string error = text_member(line, "error");
  const bool says_error = line.contains("error") || line.contains("errorDetail");
  return error.empty() && says_error ? "an error without words" : error;
}

}  // namespace

LoadAnswer parse_load_answer(std::string_view body) {
  LoadAnswer answer;
  for (const std::string_view text : split_lines(body)) {
    const std::optional<json> line = parse_object(text);
    if (!line) continue;
    answer.is_understood = true;
    if (answer.error.empty()) answer.error = shown(error_of(*line));
  }
  return answer;
}

std::string daemon_refusal(const HttpResponse& response) {
  const auto body = response.headers.find("x-mlbuild-error-body");
  if (body == response.headers.end()) return "";
  const std::optional<json> object = parse_object(body->second);
  const std::string message = object ? text_member(*object, "message") : "";
  return shown(message.empty() ? body->second : message);
}

}  // namespace mlbuild
