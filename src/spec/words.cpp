#include "words.hpp"

#include "mlbuild/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

namespace mlbuild::spec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return !text.empty() && std::ranges::all_of(text, predicate);
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Runtimes read ids as int32 and let larger ones overflow, in one case to root (CVE-2024-40635).
bool is_id(std::string_view text) {
  const auto id = number(text);
  return id && *id <= 2147483647U;
}

bool is_account_name(std::string_view text) {
  return text.size() <= 32 && all_of(text, [](char c) { return is_lower_or_digit(c) || c == '_' || c == '-'; }) &&
         !is_digit(text.front()) && text.front() != '-';
}

/// "2024-06-01"
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)), day = number(text.substr(8, 2));
  if (!year || !month || !day) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                     std::chrono::day(*day))
      .ok();
}

bool is_hour_and_minute(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return false;
  const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3, 2));
  return hour && minute && *hour < 24 && *minute < 60;
}

/// "12:00:00Z", "12:00:00.5+02:00" (RFC 3339, 5.6)
bool is_full_time(std::string_view text) {
  if (text.size() < 9 || !is_hour_and_minute(text.substr(0, 5)) || text[5] != ':') return false;
  const auto second = number(text.substr(6, 2));
  if (!second || *second > 60) return false;
  text.remove_prefix(8);
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return false;
    text.remove_prefix(end);
  }
  if (text == "Z" || text == "z") return true;
  return !text.empty() && (text.front() == '+' || text.front() == '-') && is_hour_and_minute(text.substr(1));
}

}  // namespace

bool is_spec_name(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  bool separator = true;  // one may not come first, last or twice
  for (const char c : text) {
    if (!is_lower_or_digit(c) && (separator || (c != '.' && c != '_' && c != '-'))) return false;
    separator = !is_lower_or_digit(c);
  }
  return !separator;
}

bool is_env_name(std::string_view text) {
  return all_of(text, [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }) &&
         !is_digit(text.front());
}

bool is_label_name(std::string_view text) {
  return all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '='; });
}

bool is_user(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto is_account = [](std::string_view part) { return is_id(part) || is_account_name(part); };
  return is_account(text.substr(0, colon)) && (colon == std::string_view::npos || is_account(text.substr(colon + 1)));
}

bool is_stop_signal(std::string_view text) {
  if (const auto value = number(text)) return *value >= 1 && *value <= 64;
  if (!text.starts_with("SIG")) return false;
  return all_of(text.substr(3), [](char c) { return is_upper(c) || is_digit(c) || c == '+' || c == '-'; });
}

bool is_debian_package_name(std::string_view text) {
  return text.size() >= 2 && is_lower_or_digit(text.front()) &&
         all_of(text, [](char c) { return is_lower_or_digit(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_date_or_time(std::string_view text) {
  if (text.size() <= 10) return is_date(text);
  const char separator = text[10];
  return is_date(text.substr(0, 10)) && (separator == 'T' || separator == 't' || separator == ' ') &&
         is_full_time(text.substr(11));
}

std::optional<std::string> port_text(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto port = number(text.substr(0, slash));
  const std::string_view protocol = slash == std::string_view::npos ? "tcp" : text.substr(slash + 1);
  if (!port || *port == 0 || *port > 65535 || (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
    return std::nullopt;
  return std::to_string(*port) + "/" + std::string(protocol);
}

std::optional<std::string> clean_image_path(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  std::string clean;
  for (const std::string_view part : split(text, '/')) {
    if (part == "..") return std::nullopt;
    if (!part.empty() && part != ".") clean += "/" + std::string(part);
  }
  const bool slash_at_end = text.ends_with('/') || text.ends_with("/.");
  return clean.empty() || slash_at_end ? clean + "/" : clean;
}

std::optional<std::string> reserved_top(std::string_view clean_path) {
  constexpr std::array<std::string_view, 10> kReserved{"proc", "sys",   "dev",   "bin",    "sbin",
                                                       "lib",  "lib32", "lib64", "libx32", ".dockerenv"};
  const std::string_view top = split(clean_path, '/')[1];
  if (std::ranges::find(kReserved, top) == kReserved.end()) return std::nullopt;
  return "/" + std::string(top);
}

}  // namespace mlbuild::spec
