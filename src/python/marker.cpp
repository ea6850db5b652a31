#include "mlbuild/python/marker.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace mlbuild::python {
namespace {

constexpr unsigned kMaxDepth = 32;
constexpr std::array<std::string_view, 8> kOperators = {"===", "<=", ">=", "==", "!=", "~=", "<", ">"};

struct Value {
  std::string text;
  bool is_extra = false;
};

std::string minor_version(const std::string& full) {
  const auto first = full.find('.');
  return first == std::string::npos ? full : full.substr(0, full.find('.', first + 1));
}

class MarkerParser {
 public:
  MarkerParser(std::string_view text, const MarkerEnvironment& environment)
      : whole_(text), rest_(text), environment_(environment) {}

  bool evaluate() {
    const bool holds = any(0);
    skip_spaces();
    if (!rest_.empty()) refuse();
    return holds;
  }

 private:
  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is no environment marker", printable(whole_.substr(0, 200))));
  }

  bool any(unsigned depth) {
    bool holds = all(depth);
    while (take_word("or")) {
      const bool next = all(depth);
      holds = holds || next;
    }
    return holds;
  }

  bool all(unsigned depth) {
    bool holds = one(depth);
    while (take_word("and")) {
      const bool next = one(depth);
      holds = holds && next;
    }
    return holds;
  }

  bool one(unsigned depth) {
    if (depth > kMaxDepth) refuse();
    if (take("(")) {
      const bool holds = any(depth + 1);
      if (!take(")")) refuse();
      return holds;
    }
    const Value left = value();
    const std::string operation = take_operator();
    const Value right = value();
    return compare(left, operation, right);
  }

  Value value() {
    skip_spaces();
    if (rest_.empty()) refuse();
    const char quote = rest_.front();
    if (quote == '"' || quote == '\'') {
      const auto end = rest_.find(quote, 1);
      if (end == std::string_view::npos) refuse();
      const Value literal{std::string(rest_.substr(1, end - 1))};
      rest_.remove_prefix(end + 1);
      return literal;
    }
    const auto end = std::min(rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), rest_.size());
    const std::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return variable(name);
  }

  Value variable(std::string_view name) const {
    const std::string& full = environment_.python_full_version;
    if (name == "extra") return {environment_.extra, true};
    if (name == "python_version") return {minor_version(full)};
    if (name == "python_full_version" || name == "implementation_version") return {full};
    if (name == "os_name" || name == "os.name") return {"posix"};
    if (name == "sys_platform" || name == "sys.platform") return {"linux"};
    if (name == "platform_system") return {"Linux"};
    if (name == "platform_machine" || name == "platform.machine") return {environment_.machine};
    if (name == "platform_python_implementation" || name == "platform.python_implementation" ||
        name == "python_implementation")
      return {"CPython"};
    if (name == "implementation_name") return {"cpython"};
    if (name == "platform_release" || name == "platform_version" || name == "platform.version") return {};
    refuse();
  }

  std::string take_operator() {
    for (const std::string_view operation : kOperators) {
      if (take(operation)) return std::string(operation);
    }
    if (take_word("in")) return "in";
    if (take_word("not") && take_word("in")) return "not in";
    refuse();
  }

  bool compare(Value left, const std::string& operation, Value right) const {
    if (left.is_extra || right.is_extra) {
      left.text = normalize_name(left.text);
      right.text = normalize_name(right.text);
    }
    if (operation == "in") return right.text.find(left.text) != std::string::npos;
    if (operation == "not in") return right.text.find(left.text) == std::string::npos;
    if (!left.is_extra && !right.is_extra) {
      if (const std::optional<bool> holds = compare_versions(left.text, operation, right.text)) return *holds;
    }
    if (operation == "==" || operation == "===") return left.text == right.text;
    if (operation == "!=") return left.text != right.text;
    if (operation == "<") return left.text < right.text;
    if (operation == "<=") return left.text <= right.text;
    if (operation == ">") return left.text > right.text;
    if (operation == ">=") return left.text >= right.text;
    refuse();
  }

  static std::optional<bool> compare_versions(const std::string& left, const std::string& operation,
                                              const std::string& right) {
    const std::optional<Version> version = Version::parse(left);
    const std::string bare = right.ends_with(".*") ? right.substr(0, right.size() - 2) : right;
    if (!version || !Version::parse(bare)) return std::nullopt;
    try {
      return satisfies(*version, operation + right);
    } catch (const Error&) {  // "~=3": no specifier, so it is text
      return std::nullopt;
    }
  }

  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  /// A word ends where no letter follows.
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!rest_.starts_with(word)) return false;
    const bool goes_on = rest_.size() > word.size() &&
                         (rest_[word.size()] == '_' || (rest_[word.size()] >= 'a' && rest_[word.size()] <= 'z'));
    if (goes_on) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view whole_, rest_;
  const MarkerEnvironment& environment_;
};

}  // namespace

bool marker_holds(std::string_view marker, const MarkerEnvironment& environment) {
  if (trim(marker).empty()) return true;
  return MarkerParser(marker, environment).evaluate();
}

}  // namespace mlbuild::python
