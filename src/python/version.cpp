#include "mlbuild/python/version.hpp"

#include "characters.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

// PEP 440, appendix B gives the grammar as a regular expression; this reads the same language by hand, because
// std::regex recurses per character and a version comes from foreign file names.

namespace mlbuild::python {
namespace {

constexpr std::size_t kVersionLimit = 256;

class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool take_separator() { return take('.') || take('-') || take('_'); }
  std::optional<std::uint64_t> take_number() {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (failure != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return number;
  }
  bool next_is_digit() const { return !rest_.empty() && is_digit(rest_.front()); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Spelling {
  std::string_view written, canonical;
};
// Longer spellings first: "preview" must not be read as "pre" + "view".
constexpr Spelling kPre[] = {{"alpha", "a"}, {"beta", "b"}, {"preview", "rc"}, {"pre", "rc"},
                             {"rc", "rc"},   {"a", "a"},    {"b", "b"},        {"c", "rc"}};
constexpr Spelling kPost[] = {{"post", "post"}, {"rev", "post"}, {"r", "post"}};
constexpr Spelling kDev[] = {{"dev", "dev"}};

struct Suffix {
  std::string_view canonical;
  std::uint64_t number = 0;
};

/// `[-_.]?WORD[-_.]?[0-9]*`; leaves the cursor alone when the word is not there. A number that overflows is no version.
template <std::size_t N>
std::optional<Suffix> take_suffix(Cursor& cursor, const Spelling (&spellings)[N], bool& overflow) {
  Cursor probe = cursor;
  probe.take_separator();
  for (const Spelling& spelling : spellings) {
    if (!probe.take(spelling.written)) continue;
    Suffix suffix{spelling.canonical};
    Cursor number = probe;
    number.take_separator();
    if (number.next_is_digit()) {
      const auto value = number.take_number();
      overflow = overflow || !value;
      suffix.number = value.value_or(0);
      probe = number;
    }
    cursor = probe;
    return suffix;
  }
  return std::nullopt;
}

/// "-1" is the short form of ".post1".
std::optional<std::uint64_t> take_implicit_post(Cursor& cursor) {
  Cursor probe = cursor;
  if (!probe.take('-') || !probe.next_is_digit()) return std::nullopt;
  const auto number = probe.take_number();
  if (number) cursor = probe;
  return number;
}

/// `[a-z0-9]+([-_.][a-z0-9]+)*`, separators become dots and numbers lose leading zeros.
std::optional<std::string> normalize_local(std::string_view text) {
  std::string local;
  std::string segment;
  const auto flush = [&] {
    if (segment.empty()) return false;
    if (std::all_of(segment.begin(), segment.end(), is_digit))
      segment.erase(0, std::min(segment.find_first_not_of('0'), segment.size() - 1));
    local += (local.empty() ? "" : ".") + segment;
    segment.clear();
    return true;
  };
  for (const char c : text) {
    if (c == '-' || c == '_' || c == '.') {
      if (!flush()) return std::nullopt;
    } else if (is_alphanumeric(c)) {
      segment += c;
    } else {
      return std::nullopt;
    }
  }
  if (!flush()) return std::nullopt;
  return local;
}

std::strong_ordering compare_release(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::uint64_t left = i < a.size() ? a[i] : 0;
    const std::uint64_t right = i < b.size() ? b[i] : 0;
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

/// Numeric segments order as numbers and after words (PEP 440, "Local version identifiers").
std::strong_ordering compare_local_segment(std::string_view a, std::string_view b) {
  const bool a_number = is_digit(a.front()) && std::all_of(a.begin(), a.end(), is_digit);
  const bool b_number = is_digit(b.front()) && std::all_of(b.begin(), b.end(), is_digit);
  if (a_number != b_number) return a_number ? std::strong_ordering::greater : std::strong_ordering::less;
  if (a_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_local(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return !a.empty() <=> !b.empty();
  const auto left = split(a, '.');
  const auto right = split(b, '.');
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (const auto order = compare_local_segment(left[i], right[i]); order != 0) return order;
  }
  return left.size() <=> right.size();
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
  text = trim(text);
  if (text.size() > kVersionLimit) return std::nullopt;
  const std::string lower = to_lower(text);
  Cursor cursor(lower);
  Version version;
  bool overflow = false;
  cursor.take('v');
  auto number = cursor.take_number();
  if (!number) return std::nullopt;
  if (cursor.take('!')) {
    version.epoch_ = *number;
    number = cursor.take_number();
    if (!number) return std::nullopt;
  }
  version.release_.push_back(*number);
  for (Cursor probe = cursor; probe.take('.') && probe.next_is_digit();) {
    number = probe.take_number();
    if (!number) return std::nullopt;
    version.release_.push_back(*number);
    cursor = probe;
  }
  if (const auto pre = take_suffix(cursor, kPre, overflow)) version.pre_ = {std::string(pre->canonical), pre->number};
  version.post_ = take_implicit_post(cursor);
  if (!version.post_) {
    if (const auto post = take_suffix(cursor, kPost, overflow)) version.post_ = post->number;
  }
  if (const auto dev = take_suffix(cursor, kDev, overflow)) version.dev_ = dev->number;
  if (cursor.take('+')) {
    const auto local = normalize_local(cursor.rest());
    if (!local) return std::nullopt;
    version.local_ = *local;
  } else if (!cursor.at_end()) {
    return std::nullopt;
  }
  if (overflow) return std::nullopt;
  return version;
}

// PEP 440, "Summary of permitted suffixes and relative ordering": dev < a < b < rc < final < post, where a dev release
// of the final version sorts before its pre-releases, and one of a pre- or post-release just before that one.
std::strong_ordering operator<=>(const Version& a, const Version& b) {
  using Phase = std::pair<int, std::uint64_t>;
  const auto pre = [](const Version& v) -> Phase {
    if (!v.pre_) return {!v.post_ && v.dev_ ? -1 : 3, 0};
    return {v.pre_->first == "a" ? 0 : v.pre_->first == "b" ? 1 : 2, v.pre_->second};
  };
  const auto post = [](const Version& v) -> Phase { return {v.post_ ? 1 : 0, v.post_.value_or(0)}; };
  const auto dev = [](const Version& v) -> Phase { return {v.dev_ ? 0 : 1, v.dev_.value_or(0)}; };
  if (a.epoch_ != b.epoch_) return a.epoch_ <=> b.epoch_;
  if (const auto order = compare_release(a.release_, b.release_); order != 0) return order;
  if (const auto order = pre(a) <=> pre(b); order != 0) return order;
  if (const auto order = post(a) <=> post(b); order != 0) return order;
  if (const auto order = dev(a) <=> dev(b); order != 0) return order;
  return compare_local(a.local_, b.local_);
}

bool Version::is_prerelease() const { return pre_.has_value() || dev_.has_value(); }
bool Version::is_postrelease() const { return post_.has_value(); }

Version Version::without_local() const {
  Version plain = *this;
  plain.local_.clear();
  return plain;
}

Version Version::without_pre() const {
  Version target = without_local();
  target.pre_.reset();
  target.dev_.reset();
  return target;
}

Version Version::without_post() const {
  Version before = without_local();
  before.post_.reset();
  before.dev_.reset();
  return before;
}

std::string Version::to_string() const {
  std::string text;
  if (epoch_ != 0) text += fmt::format("{}!", epoch_);
  text += fmt::format("{}", fmt::join(release_, "."));
  if (pre_) text += fmt::format("{}{}", pre_->first, pre_->second);
  if (post_) text += fmt::format(".post{}", *post_);
  if (dev_) text += fmt::format(".dev{}", *dev_);
  if (!local_.empty()) text += "+" + local_;
  return text;
}

}  // namespace mlbuild::python
