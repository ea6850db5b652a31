#include "mlbuild/debian/scripts.hpp"

#include "script_table.hpp"
#include "shell_effects.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace mlbuild::debian {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::size_t kScriptLimitBytes = 1U << 20U;

std::uint32_t parse_integer(std::string_view text, int base) {
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || end != text.data() + text.size()) {
    throw Error(ErrorKind::Internal, fmt::format("`{}` in the script table is no number", text));
  }
  return value;
}

/// "\n" and "\t" of the table's notation.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain.push_back(text[i]);
    } else {
      ++i;
      plain.push_back(text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i]);
    }
  }
  return plain;
}

ScriptEffect parse_effect(std::string_view notation) {
  Words words = split(notation, ' ');
  std::erase(words, std::string_view());
  const std::string_view kind = words.front();
  const auto has = [&](std::size_t least) { return words.size() > least; };
  ScriptEffect effect;
  if (has(1)) effect.path = std::string(words[1]);
  if ((kind == "dir" || kind == "empty") && has(2)) {
    effect.kind = kind == "dir" ? ScriptEffect::Kind::Directory : ScriptEffect::Kind::EmptyFile;
    effect.mode = parse_integer(words[2], 8);
    if (has(3)) effect.gid = parse_integer(words[3], 10);
  } else if (kind == "copy" && has(2)) {
    effect.kind = ScriptEffect::Kind::Copy;
    effect.value = std::string(words[1]);
    effect.path = std::string(words[2]);
  } else if (kind == "link" && has(2)) {
    effect.kind = ScriptEffect::Kind::Symlink;
    effect.value = std::string(words[2]);
  } else if (kind == "text" && has(2)) {
    effect.kind = ScriptEffect::Kind::Text;
    effect.mode = 0644;
    effect.value = unescape(notation.substr(static_cast<std::size_t>(words[2].data() - notation.data())));
  } else if (kind == "alternative" && has(4)) {
    effect.kind = ScriptEffect::Kind::Alternative;
    effect.name = std::string(words[2]);
    effect.value = std::string(words[3]);
    effect.priority = static_cast<int>(parse_integer(words[4], 10));
  } else if (kind == "warn" && has(1)) {
    effect.kind = ScriptEffect::Kind::Warning;
    effect.path.clear();
    effect.value = std::string(notation.substr(static_cast<std::size_t>(words[1].data() - notation.data())));
  } else if (kind == "ca-bundle") {
    effect.kind = ScriptEffect::Kind::CaBundle;
  } else if (kind == "time-zone") {
    effect.kind = ScriptEffect::Kind::TimeZone;
  } else if (kind == "accounts") {
    effect.kind = ScriptEffect::Kind::Accounts;
  } else {
    throw Error(ErrorKind::Internal, fmt::format("`{}` in the script table is no effect", notation));
  }
  return effect;
}

std::string replaced(std::string_view text, std::string_view word, std::string_view placeholder) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, from)) {
    out.append(text.substr(from, at - from)).append(placeholder);
    from = at + word.size();
  }
  return out.append(text.substr(from));
}

/// Debian's per-architecture builds of a script differ in these words only.
std::string without_architecture(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWords = {{{"x86_64-linux-gnu", "TRIPLET"},
                                                                                    {"aarch64-linux-gnu", "TRIPLET"},
                                                                                    {":amd64", ":ARCHITECTURE"},
                                                                                    {":arm64", ":ARCHITECTURE"}}};
  for (const auto& [word, placeholder] : kWords) text = replaced(text, word, placeholder);
  return text;
}

}  // namespace

std::string normalise_script(std::string_view script) {
  std::string normal;
  bool first = true;
  for (const std::string_view line : split_lines(script)) {
    const std::string_view text = trim(line);
    const bool is_comment = text.starts_with('#') && !(first && text.starts_with("#!"));
    first = false;
    if (text.empty() || is_comment) continue;
    normal.append(line.substr(0, static_cast<std::size_t>(text.data() + text.size() - line.data()))).push_back('\n');
  }
  return without_architecture(std::move(normal));
}

Digest script_digest(std::string_view script) { return sha256(normalise_script(script)); }

std::vector<ScriptEffect> parse_effects(std::string_view notation) {
  std::vector<ScriptEffect> effects;
  for (const std::string_view part : split(notation, ';')) {
    if (trim(part) != "none") effects.push_back(parse_effect(trim(part)));
  }
  return effects;
}

ScriptVerdict judge_script(std::string_view package, std::string_view name, std::string_view script) {
  if (script.size() > kScriptLimitBytes) return {false, {}, "it is larger than " + human_bytes(kScriptLimitBytes)};
  const std::string digest = script_digest(script).hex();
  for (const KnownScript& known : known_scripts()) {
    if (known.package == package && known.name == name && known.digest == digest) {
      return {true, parse_effects(known.effects), ""};
    }
  }
  return interpret_script(name, script);
}

bool must_run(const ScriptChoice& choice, std::string_view package, const std::map<std::string, std::string>& scripts) {
  const auto contains = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), package) != names.end();
  };
  if (scripts.empty()) return false;
  if (contains(choice.run)) return true;
  if (!choice.run_unknown || contains(choice.ignored)) return false;
  // Known to do nothing where no schema and no module is, which its own script finds out.
  if (package == "libglib2.0-0") return true;
  return std::any_of(scripts.begin(), scripts.end(), [&](const auto& script) {
    const ScriptVerdict verdict = judge_script(package, script.first, script.second);
    return !verdict.known ||
           std::any_of(verdict.effects.begin(), verdict.effects.end(),
                       [](const ScriptEffect& effect) { return effect.kind == ScriptEffect::Kind::Warning; });
  });
}

}  // namespace mlbuild::debian
