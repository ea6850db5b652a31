#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/text.hpp"

namespace mlbuild {

std::string why_unsafe_path(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path.front() == '/') return "it is absolute";
  if (path.size() > kLongestPathBytes) return "it is longer than Linux takes";
  if (path.back() == '/') return "it ends in a slash";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return "it holds a control character";
  }
  if (!is_valid_utf8(path)) return "it is not valid UTF-8";
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    if (component.empty()) return "it holds an empty component";
    if (component == ".") return "it holds a `.` component";
    if (component == "..") return "it holds a `..` component";
    if (component.size() > 255) return "it holds a component of more than 255 bytes";
    path.remove_prefix(std::min(path.size(), component.size() + 1));
  }
  return "";
}

}  // namespace mlbuild
