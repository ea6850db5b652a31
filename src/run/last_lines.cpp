#include "last_lines.hpp"

#include "mlbuild/base/text.hpp"

namespace mlbuild {
namespace {

constexpr std::size_t kShownLineBytes = 400;

}  // namespace

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
  const std::vector<std::string_view> lines = split_lines(text);
  std::vector<std::string> shown;
  for (std::size_t i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); ++i)
    shown.push_back(shown_line(lines[i]));
  return shown;
}

std::string shown_line(std::string_view line) { return printable(line.substr(0, kShownLineBytes)); }

}  // namespace mlbuild
