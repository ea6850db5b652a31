#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mlbuild {

/// Rows of a terminal table: figures to the right, the last column to the left and as long as it is. One line a row.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;  ///< "" without rows

 private:
  std::string line(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) const;

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace mlbuild
