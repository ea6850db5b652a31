#include "mlbuild/report/error_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace mlbuild {
namespace {

using nlohmann::json;

std::string paint(std::string_view text, std::string_view code, Colour colour) {
  return colour == Colour::Always ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string place_text(const Location& at) {
  if (at.line == 0) return at.file;
  if (at.column == 0) return fmt::format("{}:{}", at.file, at.line);
  return fmt::format("{}:{}:{}", at.file, at.line, at.column);
}

/// Lines of users' files, and what messages cite of them, may have `https://user:secret@host`: there the secret has no
/// business, and in a log of CI less. As many stars as bytes, so that columns stay true.
std::string without_secrets(std::string text) {
  constexpr std::string_view kBeforeHost = "://";
  for (std::size_t at = text.find(kBeforeHost); at != std::string::npos; at = text.find(kBeforeHost, at)) {
    at += kBeforeHost.size();
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"`<>\\", at), text.size());  // RFC 3986, 3.2
    const std::size_t host = text.substr(at, end - at).rfind('@');
    if (host != std::string::npos) text.replace(at, host, host, '*');
  }
  return text;
}

/// The line of the user's file with the words underlined; tabs count as one column in both lines.
std::string excerpt(const Location& at, Colour colour, const LineReader& read_line) {
  if (at.line == 0) return {};
  const std::optional<std::string> line = read_line(at.file, at.line);
  if (!line) return {};
  const std::string number = std::to_string(at.line);
  const std::string margin(number.size(), ' ');
  std::string text = fmt::format("{} |\n{} | {}\n", margin, number, printable(without_secrets(*line)));
  if (at.column > 0 && at.column <= line->size() + 1) {
    const std::size_t room = std::max<std::size_t>(1, line->size() + 1 - at.column);
    const std::size_t marks = std::clamp<std::size_t>(at.length, 1, room);
    text += fmt::format("{} | {}{}\n", margin, std::string(at.column - 1, ' '),
                        paint(std::string(marks, '^'), "31", colour));
  }
  return text;
}

std::string one_error(const Error& error, Colour colour, const LineReader& read_line) {
  std::string text = fmt::format("{} {}\n", paint("error:", "1;31", colour), without_secrets(error.message()));
  if (error.location().known()) {
    text += fmt::format("  --> {}\n", place_text(error.location()));
    text += excerpt(error.location(), colour, read_line);
  }
  for (const std::string& activity : error.context()) {
    const std::string shown = without_secrets(activity);
    for (const std::string_view line : split_lines(shown)) text += fmt::format("  {}\n", line);
  }
  if (!error.hint_text().empty())
    text += fmt::format("{} {}\n", paint("hint:", "1;36", colour), without_secrets(error.hint_text()));
  return text;
}

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Spec:
      return "spec";
    case ErrorKind::Usage:
      return "usage";
    case ErrorKind::Step:
      return "step";
    case ErrorKind::Foreign:
      return "foreign";
    case ErrorKind::Io:
      return "io";
    case ErrorKind::Network:
      return "network";
    case ErrorKind::Gate:
      return "gate";
    case ErrorKind::Interrupted:
      return "interrupted";
    case ErrorKind::Internal:
      break;
  }
  return "internal";
}

json error_value(const Error& error) {
  json value{{"kind", kind_name(error.kind())}, {"message", without_secrets(error.message())}};
  if (!error.hint_text().empty()) value["hint"] = without_secrets(error.hint_text());
  if (error.location().known()) {
    const Location& at = error.location();
    value["location"] = {{"file", at.file}, {"line", at.line}, {"column", at.column}};
  }
  for (const std::string& activity : error.context()) value["context"].push_back(without_secrets(activity));
  for (const Error& other : error.others()) value["others"].push_back(error_value(other));
  return value;
}

}  // namespace

std::string error_text(const Error& error, Colour colour, const LineReader& read_line) {
  std::string text = one_error(error, colour, read_line);
  for (const Error& other : error.others()) text += "\n" + one_error(other, colour, read_line);
  if (!error.others().empty()) text += fmt::format("\n{} mistakes found\n", error.others().size() + 1);
  return text;
}

std::optional<std::string> read_source_line(const std::string& file, unsigned line) {
  std::ifstream in(file);
  std::string text;
  for (unsigned i = 0; i < line; ++i) {
    if (!std::getline(in, text)) return std::nullopt;
  }
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string error_json(const Error& error) {
  return json{{"error", error_value(error)}}.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
