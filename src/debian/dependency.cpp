#include "mlbuild/debian/dependency.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlbuild::debian {
namespace {

// `<` and `>` alone are the obsolete spellings of `<=` and `>=` (Debian policy 7.1).
constexpr std::array<std::pair<std::string_view, VersionRelation>, 7> kRelations = {
    {{"<<", VersionRelation::Less},
     {"<=", VersionRelation::LessEqual},
     {"=", VersionRelation::Equal},
     {">=", VersionRelation::GreaterEqual},
     {">>", VersionRelation::Greater},
     {"<", VersionRelation::LessEqual},
     {">", VersionRelation::GreaterEqual}}};

bool is_package_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.' || c == '_';
  });
}

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorKind::Foreign, fmt::format("malformed package relationship `{}`", printable(text.substr(0, 80))));
}

void parse_version(std::string_view inside, std::string_view whole, Dependency& dependency) {
  for (const auto& [symbol, relation] : kRelations) {
    if (!inside.starts_with(symbol)) continue;
    dependency.relation = relation;
    dependency.version = std::string(trim(inside.substr(symbol.size())));
    if (dependency.version.empty() || dependency.version.find_first_of(" \t\n()") != std::string::npos) refuse(whole);
    return;
  }
  refuse(whole);
}

Dependency parse_alternative(std::string_view text) {
  const std::string_view whole = text = trim(text);
  Dependency dependency;
  if (const auto open = text.find('('); open != std::string_view::npos) {
    if (text.back() != ')') refuse(whole);
    parse_version(trim(text.substr(open + 1, text.size() - open - 2)), whole, dependency);
    text = trim(text.substr(0, open));
  }
  const std::string_view name = text.substr(0, text.find(':'));
  const std::string_view qualifier = text.substr(std::min(name.size() + 1, text.size()));
  if (!is_package_name(name) || (name.size() < text.size() && !is_package_name(qualifier))) refuse(whole);
  dependency.name = std::string(name);
  return dependency;
}

}  // namespace

bool Dependency::accepts(std::string_view candidate_version) const {
  if (relation == VersionRelation::Any) return true;
  const auto order = compare_versions(candidate_version, version);
  switch (relation) {
    case VersionRelation::Less:
      return order < 0;
    case VersionRelation::LessEqual:
      return order <= 0;
    case VersionRelation::Equal:
      return order == 0;
    case VersionRelation::GreaterEqual:
      return order >= 0;
    case VersionRelation::Greater:
      return order > 0;
    case VersionRelation::Any:
      break;
  }
  return true;
}

std::string Dependency::to_string() const {
  for (const auto& [symbol, known] : kRelations) {
    if (known == relation) return fmt::format("{} ({} {})", name, symbol, version);
  }
  return name;
}

std::vector<DependencyGroup> parse_dependencies(std::string_view field) {
  std::vector<DependencyGroup> groups;
  if (trim(field).empty()) return groups;
  for (const std::string_view group : split(field, ',')) {
    if (trim(group).empty()) continue;  // dpkg itself accepts a trailing comma
    DependencyGroup& alternatives = groups.emplace_back();
    for (const std::string_view alternative : split(group, '|')) alternatives.push_back(parse_alternative(alternative));
  }
  return groups;
}

std::string to_string(const DependencyGroup& group) {
  std::vector<std::string> parts;
  for (const Dependency& dependency : group) parts.push_back(dependency.to_string());
  return join(parts, " | ");
}

}  // namespace mlbuild::debian
