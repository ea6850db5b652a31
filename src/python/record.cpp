#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/wheel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mlbuild::python {
namespace {

constexpr std::size_t kRowLimit = std::size_t{1} << 20U;  // as many as a zip directory may have members

[[noreturn]] void refuse(std::size_t line, std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("RECORD line {}: {}", line, why));
}

/// RFC 4180 with LF or CRLF line ends; quoted fields may hold both.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  std::size_t line() const { return line_; }

  std::vector<std::string> take_row() {
    ++line_;
    std::vector<std::string> fields;
    do {
      if (fields.size() == kFieldLimit) refuse(line_, "it has more than three fields");
      fields.push_back(rest_.starts_with('"') ? take_quoted() : take_plain());
    } while (take(","));
    if (!rest_.empty() && !take("\r\n") && !take("\n")) refuse(line_, "text after a quoted field");
    return fields;
  }

 private:
  static constexpr std::size_t kFieldLimit = 3;

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::string take_plain() {
    std::size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
    const bool crlf = end > 0 && end < rest_.size() && rest_[end] == '\n' && rest_[end - 1] == '\r';
    if (crlf) --end;
    const std::string field(rest_.substr(0, end));
    if (field.find('"') != std::string::npos) refuse(line_, "a quote inside an unquoted field");
    rest_.remove_prefix(end);
    return field;
  }
  std::string take_quoted() {
    std::string field;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) refuse(line_, "an unclosed quote");
      field += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!take("\"")) return field;
      field += '"';
    }
  }

  std::string_view rest_;
  std::size_t line_ = 0;
};

RecordRow to_row(const std::vector<std::string>& fields, std::size_t line) {
  if (fields.size() != 3) refuse(line, "it has not three fields");
  RecordRow row;
  row.path = fields[0];
  if (row.path.empty()) refuse(line, "the path is empty");
  if (!fields[1].empty()) {
    const std::size_t equals = fields[1].find('=');
    if (equals == std::string::npos || equals == 0) refuse(line, "the hash is not of the form `algorithm=value`");
    row.hash_algorithm = to_lower(std::string_view(fields[1]).substr(0, equals));
    row.hash_value = fields[1].substr(equals + 1);
  }
  if (!fields[2].empty()) {
    std::uint64_t size_bytes = 0;
    const char* end = fields[2].data() + fields[2].size();
    const auto [stop, failure] = std::from_chars(fields[2].data(), end, size_bytes);
    if (failure != std::errc() || stop != end) refuse(line, "the size is no number");
    row.size_bytes = size_bytes;
  }
  return row;
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::vector<RecordRow> parse_record(std::string_view text) {
  std::vector<RecordRow> rows;
  CsvReader reader(text);
  while (!reader.at_end()) {
    const std::vector<std::string> fields = reader.take_row();
    if (fields.size() == 1 && fields[0].empty()) continue;  // an empty line
    if (rows.size() == kRowLimit) refuse(reader.line(), "too many rows");
    rows.push_back(to_row(fields, reader.line()));
  }
  return rows;
}

std::string format_record(const std::vector<RecordRow>& rows) {
  std::string text;
  for (const RecordRow& row : rows) {
    const std::string hash = row.hash_algorithm.empty() ? "" : row.hash_algorithm + "=" + row.hash_value;
    const std::string size = row.size_bytes ? std::to_string(*row.size_bytes) : "";
    text += csv_field(row.path) + "," + csv_field(hash) + "," + size + "\n";
  }
  return text;
}

// RFC 4648, 5 without padding, as "Recording installed projects" asks.
std::string record_hash(const Digest& sha256) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::byte byte : sha256.bytes) {
    bits = (bits << 8U) | std::to_integer<std::uint32_t>(byte);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[(bits >> static_cast<unsigned>(count - 6)) & 63U];
  }
  if (count > 0) text += kAlphabet[(bits << static_cast<unsigned>(6 - count)) & 63U];
  return text;
}

}  // namespace mlbuild::python
