// PEP 508, "Environment Markers":
//   or := and ("or" and)*, and := expression ("and" expression)*, expression := "(" or ")" | value operator value

#include "marker.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"

#include <cctype>
#include <optional>
#include <vector>

namespace mlbuild {
namespace {

struct Unreadable {};

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      at = end;
      continue;
    }
    if (c == '"' || c == '\'') {
      const std::size_t quote = text.find(c, end);
      if (quote == std::string_view::npos) throw Unreadable();
      end = quote + 1;
    } else if (std::string_view("<>=!~").find(c) != std::string_view::npos) {
      while (end < text.size() && std::string_view("<>=!~").find(text[end]) != std::string_view::npos) ++end;
    } else if (c != '(' && c != ')') {
      const auto is_word = [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.';
      };
      if (!is_word(c)) throw Unreadable();
      while (end < text.size() && is_word(text[end])) ++end;
    }
    tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

class MarkerReader {
 public:
  MarkerReader(std::string_view text, const std::map<std::string, std::string>& environment)
      : tokens_(tokens_of(text)), environment_(environment) {}

  bool read() {
    const bool holds = either();
    if (at_ != tokens_.size()) throw Unreadable();
    return holds;
  }

 private:
  bool either() {
    bool holds = both();
    while (skip("or")) holds = both() || holds;
    return holds;
  }
  bool both() {
    bool holds = expression();
    while (skip("and")) holds = expression() && holds;
    return holds;
  }
  bool expression() {
    if (++depth_ > 100) throw Unreadable();
    bool holds = false;
    if (skip("(")) {
      holds = either();
      if (!skip(")")) throw Unreadable();
    } else {
      const std::string left = next();
      std::string how = next();
      if (how == "not") how += " " + next();
      holds = compare(left, how, next());
    }
    --depth_;
    return holds;
  }

  bool compare(const std::string& left, const std::string& how, const std::string& right) const {
    const std::string a = value(left), b = value(right);
    if (how == "in") return b.find(a) != std::string::npos;
    if (how == "not in") return b.find(a) == std::string::npos;
    if (left == "extra" || right == "extra") {
      const bool same = python::normalize_name(a) == python::normalize_name(b);
      return how == "!=" ? !same : same;
    }
    if (const auto version = python::Version::parse(a); version && python::Version::parse(b)) {
      return python::satisfies(*version, how + b);
    }
    if (how == "==" || how == "===") return a == b;
    if (how == "!=") return a != b;
    if (how == "<" || how == "<=") return how == "<" ? a < b : a <= b;
    if (how == ">" || how == ">=") return how == ">" ? a > b : a >= b;
    throw Unreadable();
  }

  std::string value(const std::string& token) const {
    if (token.front() == '"' || token.front() == '\'') return token.substr(1, token.size() - 2);
    const auto found = environment_.find(token);
    if (found == environment_.end()) throw Unreadable();
    return found->second;
  }
  std::string next() {
    if (at_ == tokens_.size()) throw Unreadable();
    return tokens_[at_++];
  }
  bool skip(std::string_view token) {
    if (at_ == tokens_.size() || tokens_[at_] != token) return false;
    ++at_;
    return true;
  }

  std::vector<std::string> tokens_;
  const std::map<std::string, std::string>& environment_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::map<std::string, std::string> linux_markers(const std::string& python_version, const std::string& machine) {
  return {{"python_version", python_version},
          {"python_full_version", python_version + ".0"},
          {"os_name", "posix"},
          {"sys_platform", "linux"},
          {"platform_system", "Linux"},
          {"platform_machine", machine},
          {"platform_python_implementation", "CPython"},
          {"implementation_name", "cpython"},
          {"implementation_version", python_version + ".0"},
          {"platform_release", ""},
          {"platform_version", ""},
          {"extra", ""}};
}

bool marker_holds(std::string_view marker, const std::map<std::string, std::string>& environment) {
  try {
    return MarkerReader(marker, environment).read();
  } catch (const Unreadable&) {
    return true;
  } catch (const Error&) {  // a version that is none
    return true;
  }
}

}  // namespace mlbuild
