#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

std::string_view trim(std::string_view text);                                ///< without ASCII white space at both ends
std::vector<std::string_view> split(std::string_view text, char separator);  ///< keeps empty fields; views into text
std::vector<std::string_view> split_lines(
    std::string_view text);                   ///< at \n, a trailing \r of each line removed; no empty last line
std::string to_lower(std::string_view text);  ///< ASCII only
std::string join(std::span<const std::string> parts, std::string_view separator);

/// The candidate nearest to `word` by edit distance, when near enough to be a likely slip (at most a third of its
/// length).
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> candidates);

/// "1.2 kB", "128.4 MB", "2.9 GB": decimal units, as registries bill them.
std::string human_bytes(std::uint64_t size_bytes);

/// "500MB", "1.5 GB", "2GiB", "300 kB", "1000" (bytes), upper or lower case; nothing for what is no size or above 2^63.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// Control and non-UTF-8 bytes as \xNN, for foreign text that reaches a terminal or a message.
std::string printable(std::string_view text);

bool is_valid_utf8(std::string_view text);

}  // namespace mlbuild
