#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {

std::string TextTable::text() const {
  if (rows_.empty()) return "";
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column + 1 < header_.size(); ++column) {
    std::size_t width = header_[column].size();
    for (const auto& row : rows_) width = std::max(width, row[column].size());
    widths.push_back(width);
  }
  std::string text = line(header_, widths);
  for (const auto& row : rows_) text += line(row, widths);
  return text;
}

std::string TextTable::line(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t column = 0; column < widths.size(); ++column) {
    text += fmt::format("{:>{}}  ", row[column], widths[column]);
  }
  return text + row.back() + "\n";
}

}  // namespace mlbuild
