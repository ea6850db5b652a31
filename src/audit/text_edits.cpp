#include "mlbuild/audit/text_edits.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

/// A line with its end; nothing when it was removed.
using Lines = std::vector<std::optional<std::string>>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

/// Where an item stands with the quotes around it.
struct Range {
  std::size_t begin, end;
};

Range with_quotes(const std::string& line, std::size_t at, std::size_t size) {
  Range range{at, at + size};
  if (at > 0 && range.end < line.size() && (line[at - 1] == '"' || line[at - 1] == '\'') &&
      line[range.end] == line[at - 1]) {
    --range.begin;
    ++range.end;
  }
  return range;
}

bool is_blank_or_comment(std::string_view text) {
  const std::string_view rest = trim(text);
  return rest.empty() || rest.starts_with('#');
}

/// "- item  # why", "item,  # why" of a list in brackets, or "item ; marker --hash=..." of a requirements file: nothing
/// else is in the line.
bool is_whole_line(const std::string& line, const Range& item) {
  const std::string_view before = trim(std::string_view(line).substr(0, item.begin));
  const std::string_view after = trim(std::string_view(line).substr(item.end));
  if (before == "-") return is_blank_or_comment(after);
  if (!before.empty() || after.starts_with(']')) return false;
  return !after.starts_with(',') || is_blank_or_comment(after.substr(1));
}

void remove_from_list(std::string& line, Range item) {
  const auto next = line.find_first_not_of(' ', item.end);
  if (next != std::string::npos && line[next] == ',') {
    item.end = std::min(line.find_first_not_of(' ', next + 1), line.size());
    if (item.end < line.size() && line[item.end] == '#') item.end = next + 1;  // a comment needs its blank
  } else {
    const auto before = item.begin == 0 ? std::string::npos : line.find_last_not_of(' ', item.begin - 1);
    if (before != std::string::npos && line[before] == ',') item.begin = before;
  }
  line.erase(item.begin, item.end - item.begin);
}

void remove_line(Lines& lines, std::size_t number) {
  for (; number < lines.size(); ++number) {
    const bool goes_on = lines[number] && trim(*lines[number]).ends_with('\\');
    lines[number].reset();
    if (!goes_on) return;
  }
}

bool apply_edit(Lines& lines, const TextEdit& edit) {
  if (edit.location.line == 0 || edit.location.line > lines.size()) return false;
  const std::size_t number = edit.location.line - 1;
  if (!lines[number]) return true;  // the line is gone, and the mistake with it
  std::string& line = *lines[number];
  const std::size_t from = std::min<std::size_t>(edit.location.column == 0 ? 0 : edit.location.column - 1, line.size());
  const auto at = line.find(edit.before, from);
  if (at == std::string::npos || edit.before.empty()) return false;
  if (edit.kind == TextEdit::Kind::Replace) {
    line.replace(at, edit.before.size(), edit.after);
    return true;
  }
  const Range item = with_quotes(line, at, edit.before.size());
  if (is_whole_line(line, item))
    remove_line(lines, number);
  else
    remove_from_list(line, item);
  return true;
}

void append_line(Lines& lines, const std::string& text) {
  for (const auto& line : lines) {
    if (line && trim(*line) == text) return;
  }
  if (!lines.empty() && lines.back() && !lines.back()->ends_with('\n')) *lines.back() += '\n';
  lines.emplace_back(text + "\n");
}

}  // namespace

EditedText apply_edits(std::string_view text, const std::vector<TextEdit>& edits) {
  Lines lines = lines_of(text);
  EditedText result;
  // Removed first: what is gone needs no other change. From the right, so that columns on the left stay true.
  std::vector<const TextEdit*> order;
  for (const TextEdit& edit : edits) order.push_back(&edit);
  std::ranges::stable_sort(order, std::ranges::greater(), [](const TextEdit* edit) {
    return std::pair(edit->kind == TextEdit::Kind::Remove, edit->location.column);
  });
  std::set<std::pair<unsigned, unsigned>> replaced;  // a second change of the same words would not know the first
  for (const TextEdit* edit : order) {
    if (edit->kind == TextEdit::Kind::Append) continue;
    const std::pair place(edit->location.line, edit->location.column);
    if (replaced.contains(place) || !apply_edit(lines, *edit)) {
      result.left.push_back(*edit);
    } else if (edit->kind == TextEdit::Kind::Replace) {
      replaced.insert(place);
    }
  }
  for (const TextEdit& edit : edits) {
    if (edit.kind == TextEdit::Kind::Append) append_line(lines, edit.after);
  }
  for (const auto& line : lines) result.text += line.value_or("");
  return result;
}

std::string diff_lines(const std::string& file, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const std::vector<std::string_view> a = split_lines(before), b = split_lines(after);
  std::string text = fmt::format("--- {}\n+++ {}\n", printable(file), printable(file));
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
      continue;
    }
    // Lines are changed in place or left out, never moved: the next line that both have ends the difference.
    std::size_t end_a = i, end_b = j;
    while (end_a < a.size()) {
      const auto same = std::find(b.begin() + static_cast<std::ptrdiff_t>(j), b.end(), a[end_a]);
      end_b = static_cast<std::size_t>(same - b.begin());
      if (same != b.end() && !trim(a[end_a]).empty()) break;
      ++end_a;
    }
    if (end_a == a.size()) end_b = b.size();
    text += fmt::format("@@ -{},{} +{},{} @@\n", i + 1, end_a - i, j + 1, end_b - j);
    for (; i < end_a; ++i) text += fmt::format("-{}\n", printable(a[i]));
    for (; j < end_b; ++j) text += fmt::format("+{}\n", printable(b[j]));
  }
  return text;
}

}  // namespace mlbuild
