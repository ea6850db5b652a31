#include "mlbuild/debian/control.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mlbuild::debian {
namespace {

// Each new field is compared with all before it; the longest paragraphs of Debian have about forty.
constexpr std::size_t kFieldLimit = 1000;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

/// Policy 5.1: printable ASCII but colon, not beginning with `#` or `-`.
bool is_field_name(std::string_view name) {
  if (name.empty() || name.front() == '-' || name.front() == '#') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127; });
}

}  // namespace

std::string_view Stanza::get(std::string_view name) const {
  const std::string_view text = text_;
  for (const Field& field : fields_) {
    if (same_name(text.substr(field.name, field.name_length), name)) {
      return trim(text.substr(field.value, field.value_length));
    }
  }
  return {};
}

StanzaReader::StanzaReader(Source& text) : source_(text), buffer_(kStreamBufferBytes) {}

std::string StanzaReader::where() const { return fmt::format("line {} of a control file", line_number_); }

bool StanzaReader::next_line(std::string_view& line) {
  for (;;) {
    const char* start = buffer_.data() + begin_;
    if (const void* newline = std::memchr(start, '\n', end_ - begin_); newline != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
      line = {start, length};
      begin_ += length + 1;
      ++line_number_;
      return true;
    }
    if (at_end_) {
      line = {start, end_ - begin_};
      begin_ = end_;
      return !line.empty() && ++line_number_ != 0;
    }
    std::memmove(buffer_.data(), start, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == buffer_.size()) {
      if (buffer_.size() > kStanzaLimitBytes) throw Error(ErrorKind::Foreign, where() + " is too long");
      buffer_.resize(buffer_.size() * 2);
    }
    const std::size_t got = source_.read(std::as_writable_bytes(std::span(buffer_).subspan(end_)));
    end_ += got;
    at_end_ = got == 0;
  }
}

void StanzaReader::take_line(Stanza& stanza, std::string_view line) const {
  if (line.find('\0') != std::string_view::npos) throw Error(ErrorKind::Foreign, where() + " has a NUL byte");
  if (stanza.text_.size() + line.size() + 1 > kStanzaLimitBytes) {
    throw Error(ErrorKind::Foreign,
                fmt::format("paragraph before {} is larger than {}", where(), human_bytes(kStanzaLimitBytes)));
  }
  const std::size_t start = stanza.text_.size();
  stanza.text_.append(line).push_back('\n');
  if (line.front() == ' ' || line.front() == '\t') {
    if (stanza.fields_.empty()) throw Error(ErrorKind::Foreign, where() + " continues no field");
    stanza.fields_.back().value_length = stanza.text_.size() - 1 - stanza.fields_.back().value;
    return;
  }
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_field_name(name)) {
    throw Error(ErrorKind::Foreign, fmt::format("{} is no field: `{}`", where(), printable(line.substr(0, 80))));
  }
  if (stanza.fields_.size() >= kFieldLimit) throw Error(ErrorKind::Foreign, where() + " is one field too many");
  const std::string_view text = stanza.text_;
  for (const auto& field : stanza.fields_) {
    if (same_name(text.substr(field.name, field.name_length), name)) {
      throw Error(ErrorKind::Foreign, fmt::format("{} gives field `{}` twice", where(), name));
    }
  }
  stanza.fields_.push_back({start, colon, start + colon + 1, line.size() - colon - 1});
}

bool StanzaReader::next(Stanza& stanza) {
  stanza.text_.clear();
  stanza.fields_.clear();
  std::string_view line;
  while (next_line(line)) {
    if (is_blank(line)) {
      if (!stanza.empty()) return true;
    } else if (line.front() != '#') {
      take_line(stanza, line);
    }
  }
  return !stanza.empty();
}

Stanza read_stanza(std::string_view text) {
  SpanSource source(as_bytes(text));
  StanzaReader reader(source);
  Stanza stanza, more;
  if (!reader.next(stanza)) throw Error(ErrorKind::Foreign, "control file is empty");
  if (reader.next(more)) throw Error(ErrorKind::Foreign, "control file has more than one paragraph");
  return stanza;
}

}  // namespace mlbuild::debian
