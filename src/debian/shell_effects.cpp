#include "shell_effects.hpp"

#include "shell_commands.hpp"
#include "shell_syntax.hpp"
#include "shell_test.hpp"
#include "shell_value.hpp"
#include "shell_words.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>

namespace mlbuild::debian {
namespace {

constexpr int kCallDepthLimit = 16;
constexpr int kStepLimit = 20000;
constexpr int kNestingLimit = 128;  // lists of commands within functions, substitutions and each other
constexpr std::size_t kNodeLimit = 50000;
// Of all words of a run, each time that they are expanded; the longest scripts need some ten thousands.
constexpr std::size_t kTextLimitBytes = 16U << 20U;
constexpr std::size_t kUnknownPartLimit = 100;

enum class Flow { Next, Return, Exit };

using Value = ShellValue;

struct Unanswered {
  std::string what;
};

class Interpreter {
 public:
  Interpreter(std::string_view script_name, std::size_t nodes_left) : nodes_left_(nodes_left) {
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

  /// Each word pays for itself, for what it expands to and for its place in a list. So variables, arguments and effects
  /// stay small, whatever refers to what.
  void spend(std::size_t bytes) {
    text_bytes_ += bytes;
    if (text_bytes_ > kTextLimitBytes) give_up("too much text");
  }

  // ---- control flow

  Truth run_list(const ShellList& list) {
    if (++nesting_ > kNestingLimit) give_up("too deeply nested");
    Truth last = Truth::True;
    for (const auto& node : list) {
      last = run_node(*node);
      if (flow_ != Flow::Next) break;
    }
    --nesting_;
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

  static std::string unescape_backquoted(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\\' && at + 1 < text.size() && std::string_view("$`\\").find(text[at + 1]) != text.npos) ++at;
      plain.push_back(text[at]);
    }
    return plain;
  }

  /// The commands inside are interpreted too; what they print is never known.
  void run_substitution(std::string_view text) {
    const bool is_backquoted = text.starts_with('`');
    const std::string inner = is_backquoted ? unescape_backquoted(text.substr(1, text.size() - 2))
                                            : std::string(text.substr(2, text.size() - 3));
    run_perhaps(substitutions_.emplace_back(parse_shell(inner, nodes_left_)));
  }

  Value expand_parameter(std::string_view text) const {
    if (text.starts_with("${")) {
      const std::string_view inside = text.substr(2, text.size() - 3);
      const auto end = inside.find_first_of(":-+=?#%/");
      if (end == 0) return std::nullopt;
      if (end == std::string_view::npos) return lookup(inside);
      const std::string_view rest = inside.substr(end);
      const bool may_be_default = rest.starts_with(":-") || rest.starts_with("-");
      if (!may_be_default) return std::nullopt;
      Value value = lookup(inside.substr(0, end));
      if (!value) return std::nullopt;
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
    spend(sizeof(Value) + raw.size());
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
        if (value) {
          spend(value->size());
          text += *value;
        }
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
    spend(equals);
    Value value = expand(raw.substr(equals + 1));
    if (uncertain_ > 0) value = std::nullopt;
    variables_[std::string(raw.substr(0, equals))] = std::move(value);
  }

  void check_redirects(const ShellNode& node) {
    for (const ShellRedirect& redirect : node.redirects) {
      spend(sizeof(Value) + redirect.target.size());
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
    if (name == "true" || name == ":") return Truth::True;
    if (name == "false") return Truth::False;
    if (name == "[" || name == "test") return or_give_up(evaluate_test(words), node);
    if (name == "dpkg") return or_give_up(answer_of_dpkg(words), node);
    if (name == "update-alternatives") return add_effects(or_give_up(alternatives_installed(words), node));
    note_variables(name, words, node);
    if (name == "." && words.size() > 1 && words[1] == "/usr/share/debconf/confmodule") return Truth::Unknown;
    if ((name == "rm" || name == "rmdir") && removes_nothing_shipped(words, is_preinst_)) return Truth::Unknown;
    if ((name == "install" || name == "mkdir") && uncertain_ == 0) {
      return add_effects(or_give_up(directories_made(words), node));
    }
    if (is_harmless_command(name, words, join(node.words, " "))) return Truth::Unknown;
    give_up(describe(node));
  }

  /// Commands of the shell that change what words mean.
  void note_variables(const std::string& name, const std::vector<Value>& words, const ShellNode& node) {
    if (name == "local" || name == "export" || name == "readonly") {
      for (const std::string& word : node.words) {
        if (is_assignment(word)) assign(word);
      }
    }
    if (name == "shift" || (name == "set" && words.size() > 1 && words[1] == "--")) arguments_.assign(9, std::nullopt);
    if (name == "read") {
      for (std::size_t i = 1; i < words.size(); ++i) variables_[words[i].value_or("")] = std::nullopt;
    }
    if (name.starts_with("db_")) variables_["RET"] = std::nullopt;
  }

  template <class Answer>
  static Answer or_give_up(std::optional<Answer> answer, const ShellNode& node) {
    if (!answer) give_up(describe(node));
    return std::move(*answer);
  }

  Truth add_effects(std::vector<ScriptEffect> effects) {
    std::move(effects.begin(), effects.end(), std::back_inserter(effects_));
    return Truth::Unknown;
  }

  static std::string describe(const ShellNode& node) { return join(node.words, " "); }

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
  int nesting_ = 0;
  std::size_t nodes_left_;
  std::size_t text_bytes_ = 0;
};

std::string beginning_of(const std::string& part) {
  return part.size() <= kUnknownPartLimit ? part : part.substr(0, kUnknownPartLimit) + "...";
}

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
    std::size_t nodes_left = kNodeLimit;
    const ShellList list = parse_shell(script, nodes_left);
    return {true, Interpreter(name, nodes_left).run(list), ""};
  } catch (const Unanswered& unanswered) {
    return {false, {}, beginning_of(unanswered.what)};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    return {false, {}, error.message()};
  }
}

}  // namespace mlbuild::debian
