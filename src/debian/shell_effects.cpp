#include "shell_effects.hpp"

#include "shell_syntax.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/merged_usr.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace mlbuild::debian {
namespace {

constexpr int kCallDepthLimit = 16;
constexpr int kStepLimit = 20000;

enum class Truth { False, True, Unknown };
enum class Flow { Next, Return, Exit };

/// A word after expansion; without a value when it depends on the machine.
using Value = std::optional<std::string>;

/// Commands that only talk to services, caches or menus that an image does not have, or only read and print. Why each
/// is harmless: docs/debian.md, "Maintainer scripts".
const std::set<std::string_view> kHarmless = {
    // shell
    ":", "true", "false", "set", "umask", "unset", "export", "local", "readonly", "shift", "break", "continue", "read",
    "echo", "printf", "cd", "wait",
    // read and print
    "which", "command", "type", "getent", "grep", "egrep", "fgrep", "cmp", "uname", "readlink", "realpath", "md5sum",
    "sha1sum", "sha256sum", "sha512sum", "cut", "head", "tail", "sort", "uniq", "tr", "basename", "dirname", "id", "ls",
    "cat", "wc", "pidof", "expr", "stat", "dpkg-query", "dpkg-architecture", "dpkg-realpath", "getconf", "date",
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

struct Unanswered {
  std::string what;
};

class Interpreter {
 public:
  Interpreter(std::string_view script_name) {
    arguments_ = script_name == "preinst" ? std::vector<Value>{"install"} : std::vector<Value>{"configure"};
    is_preinst_ = script_name == "preinst";
    variables_["DPKG_ROOT"] = "";
    variables_["DPKG_MAINTSCRIPT_NAME"] = std::string(script_name);
    variables_["DEBIAN_FRONTEND"] = "noninteractive";
  }

  std::vector<ScriptEffect> run(const ShellList& script) {
    run_list(script);
    return std::move(effects_);
  }

 private:
  [[noreturn]] static void give_up(std::string what) { throw Unanswered{std::move(what)}; }

  // ---- control flow

  Truth run_list(const ShellList& list) {
    Truth last = Truth::True;
    for (const auto& node : list) {
      last = run_node(*node);
      if (flow_ != Flow::Next) break;
    }
    return last;
  }

  /// Runs what may or may not be reached: its assignments make variables unknown, its exits may not happen.
  Truth run_perhaps(const ShellList& list) {
    ++uncertain_;
    const Truth truth = run_list(list);
    --uncertain_;
    flow_ = Flow::Next;
    return truth;
  }

  Truth run_node(const ShellNode& node) {
    if (++steps_ > kStepLimit) give_up("too many steps");
    switch (node.kind) {
      case ShellNode::Kind::AndOr:
        return run_and_or(node);
      case ShellNode::Kind::Pipeline:
        return run_pipeline(node);
      case ShellNode::Kind::If:
        return run_if(node);
      case ShellNode::Kind::Case:
        return run_case(node);
      case ShellNode::Kind::Loop:
        return run_loop(node);
      case ShellNode::Kind::Group:
        check_redirects(node);
        return node.is_subshell ? run_perhaps(node.parts) : run_list(node.parts);
      case ShellNode::Kind::Function:
        functions_[node.words.front()] = &node;
        return Truth::True;
      case ShellNode::Kind::Command:
        break;
    }
    return run_command(node);
  }

  Truth run_and_or(const ShellNode& node) {
    Truth truth = run_node(*node.parts.front());
    for (std::size_t i = 0; i < node.operations.size() && flow_ == Flow::Next; ++i) {
      const Truth skip_when = node.operations[i] == "&&" ? Truth::False : Truth::True;
      if (truth == skip_when) continue;
      if (truth == Truth::Unknown) {
        ++uncertain_;
        run_node(*node.parts[i + 1]);
        --uncertain_;
        flow_ = Flow::Next;
      } else {
        truth = run_node(*node.parts[i + 1]);
      }
    }
    return truth;
  }

  Truth run_pipeline(const ShellNode& node) {
    if (node.parts.size() > 1) {
      for (const auto& part : node.parts) {
        ++uncertain_;  // each part is a process of its own
        run_node(*part);
        --uncertain_;
        flow_ = Flow::Next;
      }
      return Truth::Unknown;
    }
    const Truth truth = run_node(*node.parts.front());
    if (!node.negated || truth == Truth::Unknown) return truth;
    return truth == Truth::True ? Truth::False : Truth::True;
  }

  Truth run_if(const ShellNode& node) {
    check_redirects(node);
    bool certain = true;
    for (const auto& [condition, body] : node.branches) {
      const Truth truth = certain ? run_list(condition) : run_perhaps(condition);
      if (flow_ != Flow::Next) return truth;
      if (truth == Truth::False) continue;
      if (truth == Truth::True && certain) return run_list(body);
      certain = false;
      run_perhaps(body);
      if (truth == Truth::True) return Truth::Unknown;  // the later branches are out of reach
    }
    if (certain) return run_list(node.otherwise);
    run_perhaps(node.otherwise);
    return Truth::Unknown;
  }

  Truth run_case(const ShellNode& node) {
    check_redirects(node);
    const Value subject = expand(node.words.front());
    bool certain = subject.has_value();
    for (const auto& [patterns, body] : node.arms) {
      const Truth matches = match(subject, patterns);
      if (matches == Truth::False) continue;
      if (matches == Truth::True && certain) return run_list(body);
      certain = false;
      run_perhaps(body);
      if (matches == Truth::True) return Truth::Unknown;
    }
    return Truth::Unknown;
  }

  Truth match(const Value& subject, const std::vector<std::string>& patterns) {
    Truth best = Truth::False;
    for (const std::string& pattern : patterns) {
      if (pattern == "*") return Truth::True;
      const Value text = expand(pattern);
      if (!subject || !text) {
        best = Truth::Unknown;
      } else if (*subject == *text) {
        return Truth::True;
      }
    }
    return best;
  }

  Truth run_loop(const ShellNode& node) {
    check_redirects(node);
    if (!node.words.empty()) {
      variables_[node.words.front()] = std::nullopt;
      for (std::size_t i = 1; i < node.words.size(); ++i) expand(node.words[i]);
    }
    for (const auto& [condition, body] : node.branches) run_perhaps(condition);
    // Twice: what the first round makes unknown must be so from the second round's beginning.
    run_perhaps(node.parts);
    run_perhaps(node.parts);
    return Truth::Unknown;
  }

  Truth call(const ShellNode& function, const std::vector<Value>& words) {
    if (++call_depth_ > kCallDepthLimit) give_up(fmt::format("recursion of `{}`", function.words.front()));
    std::vector<Value> outer(words.begin() + 1, words.end());
    outer.swap(arguments_);
    run_list(function.parts);
    arguments_.swap(outer);
    --call_depth_;
    if (flow_ == Flow::Return) flow_ = Flow::Next;
    return Truth::Unknown;  // any path may have returned 1
  }

  // ---- words

  Value lookup(std::string_view name) const {
    if (name.size() == 1 && name.front() >= '1' && name.front() <= '9') {
      const auto index = static_cast<std::size_t>(name.front() - '1');
      return index < arguments_.size() ? arguments_[index] : Value("");
    }
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : found->second;
  }

  /// The commands inside are interpreted too; what they print is never known.
  void run_substitution(std::string_view text) {
    const bool is_backquoted = text.starts_with('`');
    std::string inner(is_backquoted ? text.substr(1, text.size() - 2) : text.substr(2, text.size() - 3));
    if (is_backquoted) {
      for (std::size_t at = inner.find('\\'); at != std::string::npos; at = inner.find('\\', at + 1)) {
        const char next = at + 1 < inner.size() ? inner[at + 1] : ' ';
        if (next == '$' || next == '`' || next == '\\') inner.erase(at, 1);
      }
    }
    run_perhaps(substitutions_.emplace_back(parse_shell(inner)));
  }

  Value expand_parameter(std::string_view text) const {
    if (text.starts_with("${")) {
      const std::string_view inside = text.substr(2, text.size() - 3);
      const auto end = inside.find_first_of(":-+=?#%/");
      if (end == 0) return std::nullopt;
      const Value value = lookup(inside.substr(0, end));
      if (end == std::string_view::npos) return value;
      const std::string_view rest = inside.substr(end);
      const bool may_be_default = rest.starts_with(":-") || rest.starts_with("-");
      if (!value || !may_be_default) return std::nullopt;
      if (!value->empty() || rest.starts_with("-")) return value;
      const std::string_view fallback = rest.substr(2);
      return fallback.find_first_of("$`\"'\\") == std::string_view::npos ? Value(fallback) : std::nullopt;
    }
    return lookup(text.substr(1));
  }

  static bool is_name(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  /// Behind `$NAME`, `${...}`, `$1` or `$@`; `at + 1` when the `$` is only a character.
  static std::size_t parameter_end(std::string_view raw, std::size_t at) {
    std::size_t end = at + 1;
    if (end == raw.size()) return end;
    if (raw[end] == '{') return skip_shell_expansion(raw, at);
    if (std::string_view("@*#?$!-0123456789").find(raw[end]) != std::string_view::npos) return end + 1;
    while (end < raw.size() && is_name(raw[end])) ++end;
    return end;
  }

  Value expand(std::string_view raw) {
    std::string text;
    bool known = true;
    bool quoted = false;
    for (std::size_t at = 0; at < raw.size();) {
      const char c = raw[at];
      if (c == '\'' && !quoted) {
        const auto end = raw.find('\'', at + 1);
        if (end == std::string_view::npos) give_up(std::string(raw));
        text.append(raw.substr(at + 1, end - at - 1));
        at = end + 1;
      } else if (c == '"') {
        quoted = !quoted;
        ++at;
      } else if (c == '\\') {
        const char next = at + 1 < raw.size() ? raw[at + 1] : '\\';
        if (quoted && std::string_view("$`\"\\\n").find(next) == std::string_view::npos) text.push_back('\\');
        if (next != '\n') text.push_back(next);
        at += 2;
      } else if (c == '`' || raw.substr(at, 2) == "$(") {
        const auto end = skip_shell_expansion(raw, at);
        run_substitution(raw.substr(at, end - at));
        known = false;
        at = end;
      } else if (c == '$') {
        const auto end = parameter_end(raw, at);
        const auto parameter = raw.substr(at, end - at);
        if (parameter.find("$(") != parameter.npos || parameter.find('`') != parameter.npos)
          give_up(std::string(parameter));
        const Value value = parameter == "$" ? Value(parameter) : expand_parameter(parameter);
        known = known && value.has_value();
        text += value.value_or("");
        at = end;
      } else {
        known = known && (quoted || std::string_view("*?[").find(c) == std::string_view::npos || raw == "[");
        text.push_back(c);
        ++at;
      }
    }
    return known ? Value(text) : std::nullopt;
  }

  // ---- commands

  static bool is_assignment(std::string_view raw) {
    const auto equals = raw.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    return std::all_of(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(equals), is_name);
  }

  void assign(std::string_view raw) {
    const auto equals = raw.find('=');
    Value value = expand(raw.substr(equals + 1));
    if (uncertain_ > 0) value = std::nullopt;
    variables_[std::string(raw.substr(0, equals))] = std::move(value);
  }

  void check_redirects(const ShellNode& node) {
    for (const ShellRedirect& redirect : node.redirects) {
      if (redirect.operation.starts_with("<")) continue;
      const Value target = expand(redirect.target);
      const bool is_descriptor =
          redirect.operation == ">&" && target && target->find_first_not_of("0123456789-") == std::string::npos;
      const bool is_null = target && (*target == "/dev/null" || *target == "/dev/stderr" || *target == "/dev/stdout");
      if (!is_descriptor && !is_null) give_up(fmt::format("writes `{}`", redirect.target));
    }
  }

  Truth run_command(const ShellNode& node) {
    check_redirects(node);
    std::size_t first = 0;
    while (first < node.words.size() && is_assignment(node.words[first])) assign(node.words[first++]);
    if (first == node.words.size()) return Truth::Unknown;
    std::vector<Value> words;
    for (std::size_t i = first; i < node.words.size(); ++i) words.push_back(expand(node.words[i]));
    if (!words.front()) give_up(fmt::format("runs `{}`", node.words[first]));
    std::string name = *words.front();
    if (const auto function = functions_.find(name); function != functions_.end())
      return call(*function->second, words);
    for (const std::string_view directory : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
      if (name.starts_with(directory)) name.erase(0, directory.size());
    }
    return run_builtin(name, words, node);
  }

  Truth run_builtin(const std::string& name, const std::vector<Value>& words, const ShellNode& node) {
    if (name == "exit" || name == "return") {
      flow_ = name == "exit" ? Flow::Exit : Flow::Return;
      return Truth::Unknown;
    }
    if (name == "[" || name == "test") return run_test(words);
    if (name == "true" || name == ":") return Truth::True;
    if (name == "false") return Truth::False;
    if (name == "local" || name == "export" || name == "readonly") {
      for (const std::string& word : node.words) {
        if (is_assignment(word)) assign(word);
      }
      return Truth::True;
    }
    if (name == "." && words.size() > 1 && words[1] == "/usr/share/debconf/confmodule") return Truth::Unknown;
    if (name == "shift" || (name == "set" && words.size() > 1 && words[1] == "--")) arguments_.assign(9, std::nullopt);
    if (name == "read") {
      for (std::size_t i = 1; i < words.size(); ++i) variables_[words[i].value_or("")] = std::nullopt;
    }
    if (name.starts_with("db_")) variables_["RET"] = std::nullopt;
    if (name == "update-alternatives") return run_alternatives(words, node);
    if (name == "dpkg") return run_dpkg(words, node);
    if ((name == "rm" || name == "rmdir") && removes_nothing_shipped(words)) return Truth::Unknown;
    if ((name == "install" || name == "mkdir") && uncertain_ == 0 && add_directories(words)) return Truth::Unknown;
    if (is_glib_cache(name) || is_listing(name, words) || is_filter(name, words, node)) return Truth::Unknown;
    if (kHarmless.contains(name) && !(name == "command" && !is_lookup(words))) return Truth::Unknown;
    give_up(describe(node));
  }

  /// Before a first unpacking there is nothing of this package; afterwards these directories hold generated files only.
  bool removes_nothing_shipped(const std::vector<Value>& words) const {
    if (is_preinst_) return true;
    return std::all_of(words.begin() + 1, words.end(), [](const Value& word) {
      if (!word) return false;
      const std::string path = word->substr(0, word->find("/../"));
      if (path.starts_with("-")) return true;
      constexpr std::array<std::string_view, 4> kGenerated = {"/etc/alternatives/", "/var/cache/", "/var/lib/",
                                                              "/run/"};
      return std::any_of(kGenerated.begin(), kGenerated.end(),
                         [&](std::string_view top) { return path.starts_with(top); });
    });
  }

  /// `install -d PATH...`, `mkdir -p PATH...` with literal arguments.
  bool add_directories(const std::vector<Value>& words) {
    if (words.size() < 3 || (words[1] != "-d" && words[1] != "-p")) return false;
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (!words[i] || !words[i]->starts_with('/') || !is_safe(std::string_view(*words[i]).substr(1))) return false;
    }
    for (std::size_t i = 2; i < words.size(); ++i) {
      ScriptEffect effect;
      effect.kind = ScriptEffect::Kind::Directory;
      effect.path = merged_usr_path(std::string_view(*words[i]).substr(1));
      effects_.push_back(std::move(effect));
    }
    return true;
  }

  /// GLib's caches: the reader does without them, or the layer warns (deb_layer.cpp).
  static bool is_glib_cache(std::string_view name) {
    return name.ends_with("/glib-compile-schemas") || name.ends_with("/gio-querymodules");
  }

  static std::string describe(const ShellNode& node) {
    std::string text = join(node.words, " ");
    if (text.size() > 100) text = text.substr(0, 100) + "...";
    return text;
  }

  static bool is_lookup(const std::vector<Value>& words) {
    return words.size() > 1 && (words[1] == "-v" || words[1] == "-V");
  }

  static bool is_listing(const std::string& name, const std::vector<Value>& words) {
    if (name != "dpkg-divert" && name != "dpkg-statoverride") return false;
    return std::any_of(words.begin(), words.end(), [](const Value& word) {
      return word && (word->starts_with("--list") || *word == "--truename" || *word == "--remove");
    });
  }

  /// sed and awk as filters: no editing in place, no files written by the program text.
  static bool is_filter(const std::string& name, const std::vector<Value>& words, const ShellNode& node) {
    if (name != "sed" && name != "awk") return false;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (!words[i] || words[i]->starts_with("-i") || words[i]->starts_with("--in-place")) return false;
    }
    const std::string text = join(node.words, " ");
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    if (name == "awk") return !has(">") && !has("|") && !has("system");
    return !has(" w ") && !has("/w") && !has("/e'") && !has("/e\"") && !has("/e;");
  }

  Truth run_dpkg(const std::vector<Value>& words, const ShellNode& node) {
    const Value option = words.size() > 1 ? words[1] : std::nullopt;
    if (option == "--compare-versions" && words.size() == 5) return compare_old_version(words[2], words[3]);
    for (const std::string_view reading : {"--compare-versions", "-s", "--status", "-l", "--list", "-L", "--listfiles",
                                           "--print-architecture", "-S", "--search", "--validate-pkgname"}) {
      if (option == reading) return Truth::Unknown;
    }
    give_up(describe(node));
  }

  /// There is no old version: dpkg(1), --compare-versions: the -nl forms take an empty version as later than any, the
  /// others as earlier.
  static Truth compare_old_version(const Value& version, const Value& relation) {
    if (!version || !version->empty() || !relation) return Truth::Unknown;
    const bool is_less = relation->starts_with("l") || relation->starts_with("<");
    const bool is_greater = relation->starts_with("g") || relation->starts_with(">");
    if (!is_less && !is_greater) return *relation == "ne" ? Truth::True : Truth::False;
    const bool empty_is_later = relation->ends_with("-nl");
    return is_less != empty_is_later ? Truth::True : Truth::False;
  }

  Truth run_alternatives(const std::vector<Value>& words, const ShellNode& node) {
    std::size_t at = 1;
    while (at < words.size() && words[at] && words[at]->starts_with("--") && *words[at] != "--install") {
      const std::string& option = *words[at];
      if (option == "--quiet" || option == "--force" || option == "--verbose" || option == "--skip-auto") {
        ++at;
        continue;
      }
      for (const std::string_view harmless :
           {"--remove", "--remove-all", "--auto", "--query", "--display", "--list", "--get-selections"}) {
        if (option == harmless) return Truth::Unknown;
      }
      give_up(describe(node));
    }
    if (at + 4 >= words.size() || words[at] != "--install") give_up(describe(node));
    int priority = 0;
    const std::string number = words[at + 4].value_or("?");
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), priority);
    if (failure != std::errc{} || end != number.data() + number.size()) give_up(describe(node));
    add_alternative(words, at + 1, priority, node);
    for (at += 5; at < words.size(); at += 4) {
      if (words[at] != "--slave" || at + 3 >= words.size()) give_up(describe(node));
      add_alternative(words, at + 1, priority, node);
    }
    return Truth::Unknown;
  }

  void add_alternative(const std::vector<Value>& words, std::size_t at, int priority, const ShellNode& node) {
    const Value &link = words[at], &name = words[at + 1], &target = words[at + 2];
    if (!link || !name || !target || !link->starts_with('/') || !target->starts_with('/')) give_up(describe(node));
    const std::string path = merged_usr_path(std::string_view(*link).substr(1));
    const bool is_plain = name->find('/') == std::string::npos && is_safe(*name);
    if (!is_plain || !is_safe(path) || !is_safe(std::string_view(*target).substr(1))) give_up(describe(node));
    ScriptEffect effect;
    effect.kind = ScriptEffect::Kind::Alternative;
    effect.path = path;
    effect.name = *name;
    effect.value = *target;
    effect.priority = priority;
    effects_.push_back(std::move(effect));
  }

  static bool is_safe(std::string_view path) {
    const auto parts = split(path, '/');
    return why_unsafe_path(path).empty() &&
           std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.starts_with(".wh."); });
  }

  // ---- test(1)

  Truth run_test(const std::vector<Value>& words) {
    std::vector<Value> operands(words.begin() + 1, words.end());
    if (words.front() == "[") {
      if (operands.empty() || operands.back() != "]") give_up("`[` without `]`");
      operands.pop_back();
    }
    std::size_t at = 0;
    const Truth truth = test_or(operands, at);
    return at == operands.size() ? truth : Truth::Unknown;
  }

  static Truth test_or(const std::vector<Value>& words, std::size_t& at) {
    Truth truth = test_and(words, at);
    while (at < words.size() && words[at] == "-o") {
      const Truth right = test_and(words, ++at);
      if (truth == Truth::True || right == Truth::True) {
        truth = Truth::True;
      } else if (truth == Truth::Unknown || right == Truth::Unknown) {
        truth = Truth::Unknown;
      }
    }
    return truth;
  }

  static Truth test_and(const std::vector<Value>& words, std::size_t& at) {
    Truth truth = test_primary(words, at);
    while (at < words.size() && words[at] == "-a") {
      const Truth right = test_primary(words, ++at);
      if (truth == Truth::False || right == Truth::False) {
        truth = Truth::False;
      } else if (truth == Truth::Unknown || right == Truth::Unknown) {
        truth = Truth::Unknown;
      }
    }
    return truth;
  }

  static Truth test_primary(const std::vector<Value>& words, std::size_t& at) {
    if (at >= words.size()) return Truth::False;
    if (words[at] == "!" && at + 1 < words.size()) {
      const Truth truth = test_primary(words, ++at);
      if (truth == Truth::Unknown) return truth;
      return truth == Truth::True ? Truth::False : Truth::True;
    }
    const auto as_truth = [](bool value) { return value ? Truth::True : Truth::False; };
    if (at + 2 < words.size() && words[at + 1]) {
      const std::string& operation = *words[at + 1];
      const bool equality = operation == "=" || operation == "==" || operation == "!=";
      if (equality || (operation.size() == 3 && operation.front() == '-')) {
        const Value &left = words[at], &right = words[at + 2];
        at += 3;
        if (!equality || !left || !right) return Truth::Unknown;
        return as_truth((*left == *right) == (operation != "!="));
      }
    }
    if (at + 1 < words.size() && words[at] && words[at]->size() == 2 && words[at]->front() == '-') {
      const std::string& operation = *words[at];
      const Value& operand = words[at + 1];
      at += 2;
      if (operation == "-n" || operation == "-z")
        return operand ? as_truth(operand->empty() == (operation == "-z")) : Truth::Unknown;
      return operand == "/run/systemd/system" ? Truth::False : Truth::Unknown;  // no init system runs in an image
    }
    const Value& single = words[at++];
    return single ? as_truth(!single->empty()) : Truth::Unknown;
  }

  bool is_preinst_ = false;
  std::vector<Value> arguments_;
  std::map<std::string, Value, std::less<>> variables_;
  std::map<std::string, const ShellNode*, std::less<>> functions_;
  std::deque<ShellList> substitutions_;  // functions_ may point into them
  std::vector<ScriptEffect> effects_;
  Flow flow_ = Flow::Next;
  int uncertain_ = 0;
  int call_depth_ = 0;
  int steps_ = 0;
};

bool is_shell(std::string_view script) {
  const std::string_view first = trim(script.substr(0, script.find('\n')));
  if (!first.starts_with("#!")) return false;
  const std::string_view program = trim(first.substr(2));
  const std::string_view path = program.substr(0, program.find(' '));
  return path == "/bin/sh" || path == "/bin/bash" || path == "/bin/dash" || path == "/usr/bin/sh" ||
         path == "/usr/bin/bash";
}

}  // namespace

ScriptVerdict interpret_script(std::string_view name, std::string_view script) {
  if (!is_shell(script))
    return {false, {}, std::string(script.substr(0, std::min<std::size_t>(script.find('\n'), 80)))};
  try {
    const ShellList list = parse_shell(script);
    return {true, Interpreter(name).run(list), ""};
  } catch (const Unanswered& unanswered) {
    return {false, {}, unanswered.what};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    return {false, {}, error.message()};
  }
}

}  // namespace mlbuild::debian
