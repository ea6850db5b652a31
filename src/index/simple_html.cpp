// PEP 503 pages are written by many servers, few of which ask what HTML is. So this is a scanner for tags and
// attributes that never fails: what it does not understand it skips. Not a browser: no tree, no scripts.

#include "index_link.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/net/url.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f";

using Attributes = std::map<std::string, std::string>;

struct Tag {
  std::string name;  ///< lower case; "/a" for an end tag
  Attributes attributes;
};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto push = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0U | code >> 6U);
    push(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    push(0xE0U | code >> 12U);
    push(0x80U | (code >> 6U & 0x3FU));
    push(0x80U | (code & 0x3FU));
  } else {
    push(0xF0U | code >> 18U);
    push(0x80U | (code >> 12U & 0x3FU));
    push(0x80U | (code >> 6U & 0x3FU));
    push(0x80U | (code & 0x3FU));
  }
}

/// The text of `&name;` without & and ;. False when it is none that we know.
bool append_entity(std::string& text, std::string_view name) {
  static constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, character] : kNamed) {
    if (name == known) {
      text.push_back(character);
      return true;
    }
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x') || name.starts_with('X');
  if (is_hex) name.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), code, is_hex ? 16 : 10);
  if (failure != std::errc() || end != name.data() + name.size()) return false;
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  append_utf8(text, code);
  return true;
}

std::string decode_entities(std::string_view text) {
  constexpr std::size_t kLongestEntity = 10;
  std::string decoded;
  while (!text.empty()) {
    const std::size_t ampersand = std::min(text.find('&'), text.size());
    decoded.append(text.substr(0, ampersand));
    text.remove_prefix(ampersand);
    if (text.empty()) break;
    const std::size_t end = text.substr(0, kLongestEntity).find(';');
    if (end != std::string_view::npos && append_entity(decoded, text.substr(1, end - 1))) {
      text.remove_prefix(end + 1);
    } else {
      decoded.push_back('&');
      text.remove_prefix(1);
    }
  }
  return decoded;
}

class Scanner {
 public:
  explicit Scanner(std::string_view html) : rest_(html) {}

  /// False at the end of the text.
  bool next(Tag& tag);

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }
  std::string_view take_until(std::string_view stops) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void skip_past(std::string_view end) {
    const std::size_t found = rest_.find(end);
    rest_.remove_prefix(found == std::string_view::npos ? rest_.size() : found + end.size());
  }
  std::string_view take_value();
  Attributes take_attributes();

  std::string_view rest_;
};

bool Scanner::next(Tag& tag) {
  for (;;) {
    take_until("<");
    if (rest_.empty()) return false;
    if (rest_.starts_with("<!--")) {
      skip_past("-->");
      continue;
    }
    rest_.remove_prefix(1);
    tag.name = to_lower(take_until(" \t\r\n\f>"));
    tag.attributes = take_attributes();
    if (tag.name == "script" || tag.name == "style") {
      skip_past("</" + tag.name);
      continue;
    }
    return true;
  }
}

Attributes Scanner::take_attributes() {
  Attributes attributes;
  for (;;) {
    skip_space();
    if (rest_.empty()) return attributes;
    if (rest_.front() == '>' || rest_.front() == '/') {
      const bool closed = rest_.front() == '>';
      rest_.remove_prefix(1);
      if (closed) return attributes;
      continue;
    }
    std::string name = to_lower(take_until(" \t\r\n\f=>/"));
    skip_space();
    std::string value;
    if (rest_.starts_with('=')) {
      rest_.remove_prefix(1);
      value = decode_entities(take_value());
    }
    attributes.try_emplace(std::move(name), std::move(value));  // HTML: the first of two equal names counts
  }
}

std::string_view Scanner::take_value() {
  skip_space();
  if (rest_.empty()) return {};
  const char quote = rest_.front();
  if (quote != '"' && quote != '\'') return take_until(" \t\r\n\f>");
  rest_.remove_prefix(1);
  const std::string_view value = take_until(std::string_view(&quote, 1));
  if (!rest_.empty()) rest_.remove_prefix(1);
  return value;
}

std::optional<BlobDigest> sha256_of_fragment(std::string_view fragment) {
  constexpr std::string_view kKey = "sha256=";
  for (std::string_view field : split(fragment, '&')) {
    if (!field.starts_with(kKey)) continue;
    const std::string hex = to_lower(field.substr(kKey.size()));
    if (Digest::is_hex(hex)) return BlobDigest::parse(hex);
  }
  return std::nullopt;
}

std::optional<IndexFile> read_anchor(const Attributes& attributes, const Url& base) {
  const auto href = attributes.find("href");
  if (href == attributes.end()) return std::nullopt;
  const std::optional<Url> url = resolve_link(base, href->second);
  if (!url) return std::nullopt;
  IndexFile file;
  file.filename = url->filename();
  if (!is_plain_filename(file.filename)) return std::nullopt;
  file.url = url->to_string();
  file.sha256 = sha256_of_fragment(url->fragment);
  file.yanked = attributes.contains("data-yanked");
  const auto requires_python = attributes.find("data-requires-python");
  if (requires_python != attributes.end()) file.requires_python = requires_python->second;
  return file;
}

}  // namespace

std::vector<IndexFile> parse_simple_html(std::string_view html, std::string_view base_url) {
  Url base = Url::parse(base_url);
  std::vector<IndexFile> files;
  Scanner scanner(html);
  for (Tag tag; scanner.next(tag);) {
    if (tag.name == "base" && tag.attributes.contains("href")) {
      base = resolve_link(base, tag.attributes.at("href")).value_or(base);
    } else if (tag.name == "a") {
      if (std::optional<IndexFile> file = read_anchor(tag.attributes, base)) files.push_back(*std::move(file));
    }
  }
  return files;
}

}  // namespace mlbuild
