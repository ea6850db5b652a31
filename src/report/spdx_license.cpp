#include "spdx_license.hpp"

#include "mlbuild/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace mlbuild {
namespace {

/// Identifiers of the SPDX licence list that packages of machine learning have. An expression with another one is told
/// as text: readers refuse identifiers that they do not know.
constexpr std::array<std::string_view, 44> kIdentifiers = {"0BSD",
                                                           "Apache-2.0",
                                                           "Artistic-2.0",
                                                           "BSD-2-Clause",
                                                           "BSD-3-Clause",
                                                           "BSD-4-Clause",
                                                           "BSL-1.0",
                                                           "bzip2-1.0.6",
                                                           "CC-BY-4.0",
                                                           "CC-BY-SA-4.0",
                                                           "CC0-1.0",
                                                           "CNRI-Python",
                                                           "EPL-2.0",
                                                           "GPL-2.0-only",
                                                           "GPL-2.0-or-later",
                                                           "GPL-3.0-only",
                                                           "GPL-3.0-or-later",
                                                           "HPND",
                                                           "ISC",
                                                           "LGPL-2.0-or-later",
                                                           "LGPL-2.1-only",
                                                           "LGPL-2.1-or-later",
                                                           "LGPL-3.0-only",
                                                           "LGPL-3.0-or-later",
                                                           "AGPL-3.0-only",
                                                           "AGPL-3.0-or-later",
                                                           "MIT",
                                                           "MIT-0",
                                                           "MIT-CMU",
                                                           "MPL-1.1",
                                                           "MPL-2.0",
                                                           "NCSA",
                                                           "OFL-1.1",
                                                           "OpenSSL",
                                                           "PSF-2.0",
                                                           "Python-2.0",
                                                           "Python-2.0.1",
                                                           "Unicode-3.0",
                                                           "Unlicense",
                                                           "WTFPL",
                                                           "X11",
                                                           "Zlib",
                                                           "ZPL-2.1",
                                                           "curl"};

constexpr std::array<std::string_view, 4> kExceptions = {"GCC-exception-3.1", "LLVM-exception",
                                                         "Classpath-exception-2.0", "Autoconf-exception-3.0"};

struct Phrase {
  std::string_view said, meant;
};
/// The field License, in lower case, where it can mean one licence only.
constexpr std::array kPhrases = {Phrase{"mit license", "MIT"},
                                 Phrase{"the mit license", "MIT"},
                                 Phrase{"the mit license (mit)", "MIT"},
                                 Phrase{"expat", "MIT"},
                                 Phrase{"apache 2.0", "Apache-2.0"},
                                 Phrase{"apache 2", "Apache-2.0"},
                                 Phrase{"apache license 2.0", "Apache-2.0"},
                                 Phrase{"apache license, version 2.0", "Apache-2.0"},
                                 Phrase{"apache software license 2.0", "Apache-2.0"},
                                 Phrase{"apache v2", "Apache-2.0"},
                                 Phrase{"bsd 3-clause", "BSD-3-Clause"},
                                 Phrase{"bsd 3-clause license", "BSD-3-Clause"},
                                 Phrase{"new bsd", "BSD-3-Clause"},
                                 Phrase{"new bsd license", "BSD-3-Clause"},
                                 Phrase{"modified bsd license", "BSD-3-Clause"},
                                 Phrase{"simplified bsd", "BSD-2-Clause"},
                                 Phrase{"bsd 2-clause", "BSD-2-Clause"},
                                 Phrase{"psf", "PSF-2.0"},
                                 Phrase{"isc license", "ISC"},
                                 Phrase{"mpl 2.0", "MPL-2.0"},
                                 Phrase{"the unlicense (unlicense)", "Unlicense"}};

/// Trove classifiers that name one licence.
constexpr std::array kClassifiers = {
    Phrase{"License :: OSI Approved :: MIT License", "MIT"},
    Phrase{"License :: OSI Approved :: Apache Software License", "Apache-2.0"},  // the classifier for 2.0 in practice
    Phrase{"License :: OSI Approved :: ISC License (ISCL)", "ISC"},
    Phrase{"License :: OSI Approved :: Python Software Foundation License", "PSF-2.0"},
    Phrase{"License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"},
    Phrase{"License :: OSI Approved :: The Unlicense (Unlicense)", "Unlicense"},
    Phrase{"License :: OSI Approved :: Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"},
    Phrase{"License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "GPL-3.0-only"},
    Phrase{"License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"},
    Phrase{"License :: OSI Approved :: GNU General Public License v2 (GPLv2)", "GPL-2.0-only"},
    Phrase{"License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"},
    Phrase{"License :: OSI Approved :: Zope Public License", "ZPL-2.1"},
    Phrase{"License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"}};

std::optional<std::string> identifier(std::string_view word) {
  const std::string lower = to_lower(word);
  for (const std::string_view known : kIdentifiers) {
    if (to_lower(known) == lower) return std::string(known);
  }
  return std::nullopt;
}

bool is_operator(std::string_view word) { return word == "AND" || word == "OR" || word == "WITH"; }

/// With identifiers spelt as the list does; "" when a word is unknown or the form is wrong.
std::string checked_expression(std::string_view text) {
  std::string spaced;
  for (const char c : text) {
    if (c == '(' || c == ')')
      spaced.append(" ").append(1, c).append(" ");
    else
      spaced.push_back(c);
  }
  std::string expression;
  int depth = 0;
  bool wants_term = true;
  std::string_view before;
  for (const std::string_view word : split(spaced, ' ')) {
    if (word.empty()) continue;
    std::string shown(word);
    if (word == "(" || word == ")") {
      depth += word == "(" ? 1 : -1;
      if (depth < 0 || wants_term != (word == "(")) return "";
    } else if (is_operator(word)) {
      if (wants_term) return "";
      wants_term = true;
    } else {
      const bool is_exception = before == "WITH" && std::ranges::find(kExceptions, word) != kExceptions.end();
      const std::optional<std::string> known = is_exception ? std::string(word) : identifier(word);
      if (!wants_term || !known || (before == "WITH") != is_exception) return "";
      shown = *known;
      wants_term = false;
    }
    if (!expression.empty() && !expression.ends_with('(') && word != ")") expression += ' ';
    expression += shown;
    before = word;
  }
  return depth == 0 && !wants_term ? expression : "";
}

std::string from_phrase(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  for (const Phrase& phrase : kPhrases) {
    if (phrase.said == lower) return std::string(phrase.meant);
  }
  return "";
}

/// One that is clear, and no other beside it.
std::string from_classifiers(const std::vector<std::string>& classifiers) {
  std::vector<std::string> found;
  for (const std::string& classifier : classifiers) {
    if (classifier == "License :: OSI Approved") continue;
    const auto known = std::ranges::find(kClassifiers, classifier, &Phrase::said);
    if (known == kClassifiers.end()) return "";
    found.emplace_back(known->meant);
  }
  return found.size() == 1 ? found.front() : "";
}

}  // namespace

std::string spdx_license(const PackageDescription& package) {
  constexpr std::size_t kLongestExpression = 200;  // some write the whole text into the field
  if (package.license.size() <= kLongestExpression) {
    if (std::string expression = checked_expression(package.license); !expression.empty()) return expression;
    if (std::string meant = from_phrase(package.license); !meant.empty()) return meant;
  }
  return package.is_license_expression ? "" : from_classifiers(package.classifiers);
}

}  // namespace mlbuild
