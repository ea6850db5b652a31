#pragma once

#include "mlbuild/python/version.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// One clause of a PEP 440 version specifier.
struct Clause {
  enum class Operator { Compatible, Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater, Arbitrary };
  Operator op = Operator::Equal;
  Version version;        ///< unless Arbitrary
  bool wildcard = false;  ///< "==1.2.*"; `version` is 1.2
  std::string text;       ///< Arbitrary: compared as text
};

/// Clauses of ">=1,<2"; throws Error{Foreign} that names the wrong clause.
std::vector<Clause> parse_specifier(std::string_view text);

bool satisfies(const Version& version, const Clause& clause);

}  // namespace mlbuild::python
