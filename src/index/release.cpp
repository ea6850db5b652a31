#include "mlbuild/index/release.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <functional>
#include <vector>

namespace mlbuild {
namespace {

[[noreturn]] void throw_malformed(std::string_view what) {
  throw Error(ErrorKind::Foreign, fmt::format("the Release file is malformed: {}", what));
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::string_view word : split(text, ' ')) {
    word = trim(word);
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

/// " <sha256> <size> <path>"
void add_file(Release& release, std::string_view line) {
  const std::vector<std::string_view> fields = words(line);
  if (fields.size() != 3)
    throw_malformed(fmt::format("`{}` is no line of the SHA256 list", printable(line.substr(0, 200))));
  const auto size_bytes = parse_number<std::uint64_t>(fields[1]);
  if (!size_bytes) throw_malformed(fmt::format("`{}` is no size", printable(fields[1].substr(0, 40))));
  release.files.insert_or_assign(std::string(fields[2]), Release::File{BlobDigest::parse(fields[0]), *size_bytes});
}

void set_field(Release& release, std::string_view name, std::string_view value) {
  if (name == "suite") release.suite = value;
  if (name == "codename") release.codename = value;
  if (name == "date") release.date_seconds = parse_release_date(value);
  if (name == "valid-until") release.valid_until_seconds = parse_release_date(value);
  if (name == "acquire-by-hash") release.acquire_by_hash = to_lower(value) == "yes";
}

std::optional<unsigned> month_number(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                            "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto* found = std::ranges::find(kMonths, std::string_view(to_lower(name)));
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// "10:16:37" as seconds of the day.
std::optional<std::int64_t> seconds_of_day(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto hour = parse_number<unsigned>(parts[0]);
  const auto minute = parse_number<unsigned>(parts[1]);
  const auto second = parse_number<unsigned>(parts[2]);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return (std::int64_t{*hour} * 60 + *minute) * 60 + *second;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  std::vector<std::string_view> fields = words(text);
  if (!fields.empty() && fields.front().ends_with(',')) fields.erase(fields.begin());  // day of the week
  if (fields.size() != 5 || (fields[4] != "UTC" && fields[4] != "GMT" && fields[4] != "+0000")) return std::nullopt;
  const auto day = parse_number<unsigned>(fields[0]);
  const auto month = month_number(fields[1]);
  const auto year = parse_number<int>(fields[2]);
  const auto time = seconds_of_day(fields[3]);
  if (!day || !month || !year || !time || *year < 1970 || *year > 9999) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count() + *time;
}

}  // namespace

Release Release::parse(std::string_view text) {
  Release release;
  std::string field;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (field == "sha256") add_file(release, line);
      continue;
    }
    if (trim(line).empty()) break;  // one paragraph
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos)
      throw_malformed(fmt::format("`{}` is no field", printable(line.substr(0, 200))));
    field = to_lower(line.substr(0, colon));
    set_field(release, field, trim(line.substr(colon + 1)));
  }
  if (release.date_seconds == 0) throw_malformed("no `Date`");
  if (release.files.empty()) throw_malformed("no `SHA256` list");
  return release;
}

std::int64_t parse_release_date(std::string_view text) {
  if (const auto seconds = parse_date(text)) return *seconds;
  throw_malformed(fmt::format("`{}` is no date", printable(text.substr(0, 80))));
}

std::string to_rfc3339(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace mlbuild
