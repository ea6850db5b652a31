#pragma once

#include "mlbuild/audit/finding.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

struct EditedText {
  std::string text;
  std::vector<TextEdit> left;  ///< edits whose text is not there, or was replaced already: for a second run
};

/// Applies edits of one file; lines that no edit names stay byte for byte as they are, comments and layout of the
/// others, too. Where an item of a line goes, the line goes with it unless there is more in it.
EditedText apply_edits(std::string_view text, const std::vector<TextEdit>& edits);

/// The lines that differ, in the form of `diff -U0`; "" when none does.
std::string diff_lines(const std::string& file, std::string_view before, std::string_view after);

}  // namespace mlbuild
