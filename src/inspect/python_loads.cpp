#include "python_loads.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 4> kCalls = {"CDLL", "LoadLibrary", "load_library", "dlopen("};
constexpr std::string_view kSuffix = ".so";
constexpr std::size_t kMaxNames = 64, kMaxNameBytes = 200;

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.' || letter == '+' ||
         letter == '-';
}

/// The name around ".so" at this place, when it is a whole text or the last part of a path; "" else.
std::string_view name_around(std::string_view source, std::size_t dot) {
  std::size_t begin = dot, end = dot + kSuffix.size();
  while (begin > 0 && is_name_letter(source[begin - 1])) --begin;
  while (end < source.size() && is_name_letter(source[end])) ++end;
  const bool is_opened = begin > 0 && std::string_view("\"'/").find(source[begin - 1]) != std::string_view::npos;
  const bool is_closed = end < source.size() && (source[end] == '"' || source[end] == '\'');
  const std::string_view version = source.substr(dot + kSuffix.size(), end - dot - kSuffix.size());
  const bool is_version = version.empty() || version[0] == '.';
  if (!is_opened || !is_closed || !is_version || begin == dot || end - begin > kMaxNameBytes) return {};
  return source.substr(begin, end - begin);
}

}  // namespace

bool may_load_libraries(std::string_view path) {
  return path.ends_with(".py") && path.find("-packages/") != std::string_view::npos;
}

PythonLoads loads_of(std::string_view source) {
  PythonLoads loads;
  loads.calls = std::ranges::any_of(kCalls, [&](auto call) { return source.find(call) != std::string_view::npos; });
  for (std::size_t at = source.find(kSuffix); at != std::string_view::npos; at = source.find(kSuffix, at + 1)) {
    const std::string_view name = name_around(source, at);
    if (name.empty() || std::ranges::find(loads.names, name) != loads.names.end()) continue;
    if (loads.names.size() == kMaxNames) break;
    loads.names.emplace_back(name);
  }
  return loads;
}

}  // namespace mlbuild
