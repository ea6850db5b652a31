#include "characters.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/wheel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::python {
namespace {

constexpr std::size_t kEntryLimit = 10000;

[[noreturn]] void refuse(std::string_view line, std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("entry point `{}`: {}", printable(line.substr(0, 120)), why));
}

/// The name becomes a file below bin/.
bool is_plain_file_name(std::string_view name) {
  if (name.starts_with(".wh.")) return false;  // in a layer it would delete a file (OCI image-spec, "Whiteouts")
  if (name.empty() || name == "." || name == ".." || name.size() > 200 || !is_valid_utf8(name)) return false;
  return std::none_of(name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || is_control(c); });
}

/// Dotted identifiers. The text is put into Python source, so nothing else may pass; letters beyond ASCII are left to
/// Python.
bool is_dotted_name(std::string_view text) {
  if (text.size() > 500 || !is_valid_utf8(text)) return false;
  for (const std::string_view part : split(text, '.')) {
    if (part.empty() || is_digit(part.front())) return false;
    const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; };
    if (!std::all_of(part.begin(), part.end(), is_word)) return false;
  }
  return true;
}

EntryPoint parse_entry(std::string_view line, bool gui) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) refuse(line, "it is not of the form `name = module:callable`");
  EntryPoint entry;
  entry.gui = gui;
  entry.name = trim(line.substr(0, equals));
  std::string_view object = trim(line.substr(equals + 1));
  if (const std::size_t extras = object.find('['); extras != std::string_view::npos)
    object = trim(object.substr(0, extras));
  const std::size_t colon = object.find(':');
  if (!is_plain_file_name(entry.name)) refuse(line, "the name is no plain file name");
  if (colon == std::string_view::npos) refuse(line, "a script needs a callable, `module:callable`");
  entry.module = trim(object.substr(0, colon));
  entry.attribute = trim(object.substr(colon + 1));
  if (!is_dotted_name(entry.module) || !is_dotted_name(entry.attribute))
    refuse(line, "module or callable is malformed");
  return entry;
}

/// As pip: of two entries with one name the later one counts.
void add(std::vector<EntryPoint>& entries, EntryPoint entry) {
  const auto same =
      std::find_if(entries.begin(), entries.end(), [&](const EntryPoint& e) { return e.name == entry.name; });
  if (same != entries.end()) {
    *same = std::move(entry);
    return;
  }
  if (entries.size() == kEntryLimit) refuse(entry.name, "too many entry points");
  entries.push_back(std::move(entry));
}

}  // namespace

std::vector<EntryPoint> parse_entry_points(std::string_view text) {
  std::vector<EntryPoint> entries;
  std::string section;
  for (std::string_view line : split_lines(text)) {
    line = trim(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      if (!line.ends_with(']')) refuse(line, "an unclosed section name");
      section = trim(line.substr(1, line.size() - 2));
      continue;
    }
    if (section == "console_scripts" || section == "gui_scripts")
      add(entries, parse_entry(line, section == "gui_scripts"));
  }
  return entries;
}

std::string entry_point_script(const EntryPoint& entry, std::string_view interpreter) {
  const std::string first = entry.attribute.substr(0, entry.attribute.find('.'));
  return fmt::format(
      "#!{}\n"
      "import sys\n"
      "\n"
      "from {} import {}\n"
      "\n"
      "if __name__ == \"__main__\":\n"
      "    sys.exit({}())\n",
      interpreter, entry.module, first, entry.attribute);
}

std::optional<std::string> rewrite_shebang(std::string_view script, std::string_view interpreter) {
  if (!script.starts_with("#!python")) return std::nullopt;
  // The first line always ends in a plain newline: the kernel would take a carriage return for a part of the name.
  const std::size_t end = script.find('\n');
  const std::string_view rest = end == std::string_view::npos ? std::string_view() : script.substr(end + 1);
  return fmt::format("#!{}\n{}", interpreter, rest);
}

}  // namespace mlbuild::python
