#include "specifier.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild::python {
namespace {

using Operator = Clause::Operator;

constexpr std::size_t kClauseLimit = 256;

struct Spelling {
  std::string_view text;
  Operator op;
};
// Longest first.
constexpr std::array<Spelling, 8> kOperators = {{{"===", Operator::Arbitrary},
                                                 {"~=", Operator::Compatible},
                                                 {"==", Operator::Equal},
                                                 {"!=", Operator::NotEqual},
                                                 {"<=", Operator::LessEqual},
                                                 {">=", Operator::GreaterEqual},
                                                 {"<", Operator::Less},
                                                 {">", Operator::Greater}}};

[[noreturn]] void refuse(std::string_view clause, std::string_view why) {
  throw Error(ErrorKind::Foreign,
              fmt::format("`{}` is no version specifier: {}", printable(clause.substr(0, 200)), why));
}

bool is_release_only(const Version& version) { return version == version.without_pre().without_post(); }

Clause parse_clause(std::string_view text) {
  const auto spelling = std::find_if(kOperators.begin(), kOperators.end(),
                                     [&](const Spelling& candidate) { return text.starts_with(candidate.text); });
  if (spelling == kOperators.end()) refuse(text, "it must begin with one of ~= == != <= >= < > ===");
  Clause clause;
  clause.op = spelling->op;
  std::string_view rest = trim(text.substr(spelling->text.size()));
  if (clause.op == Operator::Arbitrary) {
    if (rest.empty() || rest.find_first_of(" \t;)") != std::string_view::npos) refuse(text, "`===` takes one word");
    clause.text = to_lower(rest);
    return clause;
  }
  clause.wildcard = rest.ends_with(".*");
  if (clause.wildcard) rest.remove_suffix(2);
  const auto version = Version::parse(rest);
  if (!version) refuse(text, fmt::format("`{}` is no version", printable(rest.substr(0, 200))));
  clause.version = *version;
  const bool equality = clause.op == Operator::Equal || clause.op == Operator::NotEqual;
  if (clause.wildcard && (!equality || !is_release_only(*version)))
    refuse(text, "`.*` belongs behind a release number after `==` or `!=`");
  if (!equality && !version->local().empty()) refuse(text, "only `==` and `!=` take a local version");
  if (clause.op == Operator::Compatible && version->release().size() < 2)
    refuse(text, "`~=` needs at least two numbers, as in `~=1.4`");
  return clause;
}

/// Zero padded, so that 1 has the prefix 1.0.
bool has_prefix(const Version& version, std::uint64_t epoch, const std::vector<std::uint64_t>& prefix) {
  if (version.epoch() != epoch) return false;
  const auto& release = version.release();
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if ((i < release.size() ? release[i] : 0) != prefix[i]) return false;
  }
  return true;
}

bool equals(const Version& version, const Clause& clause) {
  if (clause.wildcard) return has_prefix(version, clause.version.epoch(), clause.version.release());
  return (clause.version.local().empty() ? version.without_local() : version) == clause.version;
}

bool is_compatible(const Version& version, const Version& wanted) {
  std::vector<std::uint64_t> prefix = wanted.release();
  prefix.pop_back();
  return version.without_local() >= wanted && has_prefix(version, wanted.epoch(), prefix);
}

/// "<V must not allow a pre-release of V, unless V itself is one" (PEP 440, "Exclusive ordered comparison").
bool is_below(const Version& version, const Version& limit) {
  if (!(version < limit)) return false;
  return limit.is_prerelease() || !version.is_prerelease() || version.without_pre() != limit;
}

/// ">V must not allow a post-release of V, unless V itself is one, and no local version of V" (as above).
bool is_above(const Version& version, const Version& limit) {
  if (!(version > limit) || version.without_local() == limit) return false;
  return limit.is_postrelease() || !version.is_postrelease() || version.without_post() != limit;
}

}  // namespace

std::vector<Clause> parse_specifier(std::string_view text) {
  std::vector<Clause> clauses;
  if (trim(text).empty()) return clauses;
  for (std::string_view part : split(text, ',')) {
    part = trim(part);
    if (part.empty()) continue;  // ">=1," is common and pip takes it
    if (clauses.size() == kClauseLimit) refuse(text.substr(0, 80), "too many clauses");
    clauses.push_back(parse_clause(part));
  }
  return clauses;
}

bool satisfies(const Version& version, const Clause& clause) {
  switch (clause.op) {
    case Operator::Arbitrary:
      return to_lower(version.to_string()) == clause.text;
    case Operator::Equal:
      return equals(version, clause);
    case Operator::NotEqual:
      return !equals(version, clause);
    case Operator::Compatible:
      return is_compatible(version, clause.version);
    case Operator::LessEqual:
      return version.without_local() <= clause.version;
    case Operator::GreaterEqual:
      return version.without_local() >= clause.version;
    case Operator::Less:
      return is_below(version, clause.version);
    case Operator::Greater:
      return is_above(version, clause.version);
  }
  throw Error(ErrorKind::Internal, "unknown specifier operator");
}

bool satisfies(const Version& version, std::string_view specifier) {
  const std::vector<Clause> clauses = parse_specifier(specifier);
  return std::all_of(clauses.begin(), clauses.end(), [&](const Clause& clause) { return satisfies(version, clause); });
}

}  // namespace mlbuild::python
