#include "content_range.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace mlbuild {
namespace {

/// Takes a number and the text behind it from the front.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view behind) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(behind)) return std::nullopt;
  text.remove_prefix(behind.size());
  return number;
}

}  // namespace

std::string ByteRange::header() const { return fmt::format("bytes={}-{}", begin, end - 1); }

std::optional<PartOfFile> part_of_file(const HttpResponse& response) {
  constexpr std::string_view kUnit = "bytes ";
  std::string_view text = response.header("content-range");
  const bool by_date = !response.header("etag").starts_with('"');
  const std::string_view validator = response.header(by_date ? "last-modified" : "etag");
  if (response.status != 206 || !text.starts_with(kUnit) || validator.empty()) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::optional<std::uint64_t> first = take_number(text, "-");
  const std::optional<std::uint64_t> last = first ? take_number(text, "/") : std::nullopt;
  const std::optional<std::uint64_t> file_bytes = last ? take_number(text, "") : std::nullopt;
  if (!file_bytes || !text.empty() || *first > *last || *last >= *file_bytes) return std::nullopt;
  return PartOfFile{{*first, *last + 1}, *file_bytes, std::string(validator), by_date};
}

}  // namespace mlbuild
