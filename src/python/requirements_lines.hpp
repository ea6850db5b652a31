#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// One logical line of a requirements file: continuation lines joined, comment and surrounding white space removed.
struct RequirementsLine {
  std::string text;
  unsigned line = 0;    ///< where it begins, from 1
  unsigned column = 0;  ///< of its first character, from 1
  unsigned length = 0;  ///< characters of it on that first line, for underlining
};

/// Logical lines that are not empty (pip's documentation, "Requirements File Format").
std::vector<RequirementsLine> split_requirements_lines(std::string_view text);

}  // namespace mlbuild::python
