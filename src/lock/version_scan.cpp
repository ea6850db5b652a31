#include "version_scan.hpp"

#include <algorithm>
#include <functional>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxFound = 16;
constexpr std::size_t kOverlapBytes = 64;  // longer than anything looked for

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Calls `look` with the text from each occurrence of `needle` on, of which kOverlapBytes are there unless the content
/// ends; `before` is the byte in front of it.
void for_each_match(Source& content, std::string_view needle,
                    const std::function<void(char before, std::string_view text)>& look) {
  std::string window(1, '\0');
  Bytes buffer(kStreamBufferBytes);
  bool more = true;
  while (more) {
    const std::size_t count = content.read(buffer);
    more = count > 0;
    window.append(as_text(ByteSpan(buffer).first(count)));
    const std::size_t end = more ? window.size() - std::min(window.size(), kOverlapBytes) : window.size();
    std::size_t at = 1;
    while ((at = window.find(needle, at)) != std::string::npos && at < end) {
      look(window[at - 1], std::string_view(window).substr(at, kOverlapBytes));
      ++at;
    }
    if (end > 1) window.erase(0, end - 1);
  }
}

/// The digits and dots that `text` begins with.
std::string_view number_of(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  return text.substr(0, end);
}

}  // namespace

std::set<std::string> scan_python_versions(Source& program, std::string_view minor_version) {
  std::set<std::string> found;
  const std::string needle = std::string(minor_version) + ".";
  for_each_match(program, needle, [&](char before, std::string_view text) {
    const std::string_view number = number_of(text);
    const bool is_whole =
        !is_digit(before) && before != '.' && number.size() < text.size() && text[number.size()] == '\0';
    const std::string_view patch = number.substr(std::min(number.size(), needle.size()));
    const bool is_patch = !patch.empty() && patch.size() <= 3 && std::all_of(patch.begin(), patch.end(), is_digit);
    if (is_whole && is_patch && found.size() < kMaxFound) found.emplace(number);
  });
  return found;
}

std::set<std::string> scan_glibc_versions(Source& library) {
  // "GNU C Library (Debian GLIBC 2.36-9+deb12u7) stable release version 2.36."
  constexpr std::string_view kWords = " release version ";
  std::set<std::string> found;
  for_each_match(library, kWords, [&](char, std::string_view text) {
    std::string_view number = number_of(text.substr(kWords.size()));
    while (number.ends_with('.')) number.remove_suffix(1);
    if (number.starts_with("2.") && number.size() <= 8 && found.size() < kMaxFound) found.emplace(number);
  });
  return found;
}

}  // namespace mlbuild
