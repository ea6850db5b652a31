#include "shell_commands.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/merged_usr.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace mlbuild::debian {
namespace {

/// Commands that only talk to services, caches or menus that an image does not have, or only read and print. Why each
/// is harmless: docs/debian.md, "Maintainer scripts".
const std::set<std::string_view> kHarmless = {
    // shell
    ":", "true", "false", "set", "umask", "unset", "export", "local", "readonly", "shift", "break", "continue", "read",
    "echo", "printf", "cd", "wait",
    // read and print
    "which", "command", "type", "getent", "grep", "egrep", "fgrep", "cmp", "uname", "readlink", "realpath", "md5sum",
    "sha1sum", "sha256sum", "sha512sum", "cut", "head", "tail", "tr", "basename", "dirname", "id", "ls", "cat", "wc",
    "pidof", "expr", "stat", "dpkg-query", "dpkg-architecture", "dpkg-realpath", "getconf", "date",
    // services and boot
    "dpkg-maintscript-helper", "deb-systemd-helper", "deb-systemd-invoke", "systemctl", "invoke-rc.d", "update-rc.d",
    "service", "update-initramfs", "update-grub", "telinit", "udevadm", "systemd-tmpfiles", "start-stop-daemon",
    "restorecon",
    // caches that are rebuilt on demand, or that only desktops read
    "ldconfig", "py3compile", "py3clean", "pycompile", "pyclean", "update-menus", "update-mime", "update-mime-database",
    "update-desktop-database", "update-icon-caches", "gtk-update-icon-cache", "fc-cache", "install-info",
    "install-docs", "update-binfmts", "update-info-dir", "update-fonts-scale", "update-fonts-dir", "update-fonts-alias",
    "dpkg-trigger",
    // debconf: questions and their defaults
    "db_version", "db_capb", "db_input", "db_go", "db_get", "db_stop", "db_purge", "db_fset", "db_set", "db_subst",
    "db_title", "db_unregister", "db_reset", "db_beginblock", "db_endblock", "db_settitle", "db_register", "db_metaget",
    "db_fget"};

/// An absolute path that may become an entry of a layer.
bool is_safe(std::string_view path) {
  const auto parts = split(path, '/');
  return why_unsafe_path(path).empty() &&
         std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.starts_with(".wh."); });
}

bool is_safe_absolute(const ShellValue& path) {
  return path && path->starts_with('/') && is_safe(std::string_view(*path).substr(1));
}

std::string in_root(const std::string& path) { return merged_usr_path(std::string_view(path).substr(1)); }

/// Questions to dpkg-divert and dpkg-statoverride.
bool is_listing(std::string_view name, const ShellWords& words) {
  if (name != "dpkg-divert" && name != "dpkg-statoverride") return false;
  return std::any_of(words.begin(), words.end(), [](const ShellValue& word) {
    return word && (word->starts_with("--list") || *word == "--truename" || *word == "--remove");
  });
}

/// `-i`, also among other letters ("-ri"), or the long one in whatever abbreviation.
bool may_be_option(std::string_view word, char letter, std::string_view long_name) {
  if (word.starts_with("--")) return word.size() > 2 && long_name.starts_with(word.substr(2, word.find('=') - 2));
  return word.starts_with('-') && word.find(letter) != std::string_view::npos;
}

bool has_option(const ShellWords& words, char letter, std::string_view long_name) {
  return std::any_of(words.begin() + 1, words.end(),
                     [&](const ShellValue& word) { return !word || may_be_option(*word, letter, long_name); });
}

/// The second operand of uniq is a file that it writes, whatever it begins with behind `--`.
bool has_at_most_one_operand(const ShellWords& words) {
  const auto is_operand = [](const ShellValue& word) { return !word->starts_with('-') || *word == "-"; };
  const auto is_plain = [](const ShellValue& word) { return word && *word != "--"; };
  return std::all_of(words.begin() + 1, words.end(), is_plain) &&
         std::count_if(words.begin() + 1, words.end(), is_operand) <= 1;
}

/// sed, awk, sort and uniq as filters: no editing in place, no files written by the program text.
bool is_filter(std::string_view name, const ShellWords& words, std::string_view text) {
  if (name == "uniq") return has_at_most_one_operand(words);
  if (name == "sort") return !has_option(words, 'o', "output");
  if (name != "sed" && name != "awk") return false;
  if (has_option(words, 'i', name == "sed" ? "in-place" : "include")) return false;
  const auto has = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (name == "awk") return !has(">") && !has("|") && !has("system");
  return !has(" w ") && !has("/w") && !has("/e'") && !has("/e\"") && !has("/e;");
}

/// GLib's caches: the reader does without them, or the layer warns (deb_layer.cpp).
bool is_glib_cache(std::string_view name) {
  return name.ends_with("/glib-compile-schemas") || name.ends_with("/gio-querymodules");
}

/// There is no old version: dpkg(1), --compare-versions: the -nl forms take an empty version as later than any, the
/// others as earlier.
Truth compare_old_version(const ShellValue& version, const ShellValue& relation) {
  if (!version || !version->empty() || !relation) return Truth::Unknown;
  const bool is_less = relation->starts_with("l") || relation->starts_with("<");
  const bool is_greater = relation->starts_with("g") || relation->starts_with(">");
  if (!is_less && !is_greater) return *relation == "ne" ? Truth::True : Truth::False;
  const bool empty_is_later = relation->ends_with("-nl");
  return is_less != empty_is_later ? Truth::True : Truth::False;
}

std::optional<ScriptEffect> alternative(const ShellWords& words, std::size_t at, int priority) {
  const ShellValue &link = words[at], &name = words[at + 1], &target = words[at + 2];
  if (!is_safe_absolute(link) || !is_safe_absolute(target)) return std::nullopt;
  if (!name || name->find('/') != std::string::npos || !is_safe(*name)) return std::nullopt;
  ScriptEffect effect;
  effect.kind = ScriptEffect::Kind::Alternative;
  effect.path = in_root(*link);
  effect.name = *name;
  effect.value = *target;
  effect.priority = priority;
  return effect;
}

std::optional<int> parse_priority(const ShellValue& word) {
  int priority = 0;
  const std::string number = word.value_or("?");
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), priority);
  if (failure != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return priority;
}

template <class Words>
bool contains(const Words& words, const ShellValue& word) {
  return word && std::find(words.begin(), words.end(), *word) != words.end();
}

}  // namespace

bool is_harmless_command(std::string_view name, const ShellWords& words, std::string_view text) {
  // `command X` runs X; `command -v X` only looks for it.
  if (name == "command") return words.size() > 1 && (words[1] == "-v" || words[1] == "-V");
  return kHarmless.contains(name) || is_glib_cache(name) || is_listing(name, words) || is_filter(name, words, text);
}

bool removes_nothing_shipped(const ShellWords& words, bool is_preinst) {
  if (is_preinst) return true;
  return std::all_of(words.begin() + 1, words.end(), [](const ShellValue& word) {
    if (word && word->starts_with("-")) return true;
    if (!is_safe_absolute(word)) return false;
    constexpr std::array<std::string_view, 4> kGenerated = {"/etc/alternatives/", "/var/cache/", "/var/lib/", "/run/"};
    return std::any_of(kGenerated.begin(), kGenerated.end(),
                       [&](std::string_view top) { return word->starts_with(top); });
  });
}

std::optional<std::vector<ScriptEffect>> directories_made(const ShellWords& words) {
  if (words.size() < 3 || (words[1] != "-d" && words[1] != "-p")) return std::nullopt;
  std::vector<ScriptEffect> effects;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (!is_safe_absolute(words[i])) return std::nullopt;
    ScriptEffect& effect = effects.emplace_back();
    effect.kind = ScriptEffect::Kind::Directory;
    effect.path = in_root(*words[i]);
  }
  return effects;
}

std::optional<std::vector<ScriptEffect>> alternatives_installed(const ShellWords& words) {
  constexpr std::array<std::string_view, 4> kIgnored = {"--quiet", "--force", "--verbose", "--skip-auto"};
  constexpr std::array<std::string_view, 7> kNothingToDo = {"--remove",  "--remove-all", "--auto",          "--query",
                                                            "--display", "--list",       "--get-selections"};
  std::size_t at = 1;
  while (at < words.size() && contains(kIgnored, words[at])) ++at;
  if (at < words.size() && contains(kNothingToDo, words[at])) return std::vector<ScriptEffect>();
  if (at + 4 >= words.size() || words[at] != "--install") return std::nullopt;
  const auto priority = parse_priority(words[at + 4]);
  if (!priority) return std::nullopt;
  std::vector<ScriptEffect> effects;
  // `--install LINK NAME TARGET PRIORITY`, then any number of `--slave LINK NAME TARGET`.
  for (std::size_t next = at + 5;; next += 4) {
    const auto effect = alternative(words, at + 1, *priority);
    if (!effect) return std::nullopt;
    effects.push_back(*effect);
    if (next == words.size()) return effects;
    if (words[next] != "--slave" || next + 3 >= words.size()) return std::nullopt;
    at = next;
  }
}

std::optional<Truth> answer_of_dpkg(const ShellWords& words) {
  constexpr std::array<std::string_view, 11> kQuestions = {"--compare-versions",
                                                           "-s",
                                                           "--status",
                                                           "-l",
                                                           "--list",
                                                           "-L",
                                                           "--listfiles",
                                                           "--print-architecture",
                                                           "-S",
                                                           "--search",
                                                           "--validate-pkgname"};
  const ShellValue option = words.size() > 1 ? words[1] : std::nullopt;
  if (option == "--compare-versions" && words.size() == 5) return compare_old_version(words[2], words[3]);
  if (contains(kQuestions, option)) return Truth::Unknown;
  return std::nullopt;
}

}  // namespace mlbuild::debian
