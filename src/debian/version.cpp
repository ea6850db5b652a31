#include "mlbuild/debian/version.hpp"

#include <cstddef>

namespace mlbuild::debian {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Weight of a character inside a non-digit part: `~` before the end, the end before letters, letters before the rest.
int weight(std::string_view text, std::size_t at) {
  if (at >= text.size() || is_digit(text[at])) return 0;
  const char c = text[at];
  if (c == '~') return -1;
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const int code = static_cast<unsigned char>(c);
  return is_letter ? code : code + 256;
}

std::string_view take_digits(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

/// Upstream versions and revisions are compared alike: alternating non-digit and digit parts.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    std::size_t at = 0;
    while ((at < a.size() && !is_digit(a[at])) || (at < b.size() && !is_digit(b[at]))) {
      const int left = weight(a, at);
      const int right = weight(b, at);
      if (left != right) return left <=> right;
      ++at;
    }
    a.remove_prefix(at);
    b.remove_prefix(at);
    const auto order = compare_numbers(take_digits(a), take_digits(b));
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

struct Parts {
  std::string_view epoch, upstream, revision;
};

Parts take_apart(std::string_view version) {
  Parts parts;
  if (const auto colon = version.find(':'); colon != std::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  const auto hyphen = version.rfind('-');
  parts.upstream = version.substr(0, hyphen);
  if (hyphen != std::string_view::npos) parts.revision = version.substr(hyphen + 1);
  return parts;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  const Parts left = take_apart(a);
  const Parts right = take_apart(b);
  if (const auto order = compare_parts(left.epoch, right.epoch); order != 0) return order;
  if (const auto order = compare_parts(left.upstream, right.upstream); order != 0) return order;
  return compare_parts(left.revision, right.revision);
}

}  // namespace mlbuild::debian
