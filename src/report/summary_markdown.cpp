#include "mlbuild/report/summary_markdown.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/inspect/recorded_contents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kShownPackages = 10;

/// Foreign text in a cell: no character of it is Markdown, nor HTML (GitHub Flavored Markdown, 2.4 and 4.10).
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]()#+-!|~$@").find(c) != std::string_view::npos) result.push_back('\\');
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else
      result.push_back(c == '\n' || c == '\r' ? ' ' : c);
  }
  return result;
}

std::string packages_table(const Image& image) {
  const std::optional<RecordedContents> contents = recorded_contents(image);
  if (!contents) return "";
  std::string text = "\n| largest packages | compressed | plain |\n|---|---:|---:|\n";
  for (std::size_t i = 0; i < std::min(kShownPackages, contents->packages.size()); ++i) {
    const ContentPackage& package = contents->packages[i];
    const std::string name = package.name.empty() ? "files of no package" : package.name + " " + package.version;
    text += fmt::format("| {} | {} | {} |\n", escaped(name), human_bytes(package.bytes.compressed_bytes),
                        human_bytes(package.bytes.plain_bytes));
  }
  return text;
}

}  // namespace

std::string build_summary_markdown(const BuildResult& result, const std::string& name, const Error* refused) {
  const Image& image = result.image;
  std::string text =
      fmt::format("### {} ({})\n\n{} compressed, {} plain, {} layers: {} made, {} reused\n\n`{}`\n", escaped(name),
                  escaped(image.platform.to_string()), human_bytes(image.compressed_size_bytes()),
                  human_bytes(image.plain_size_bytes()), image.layers.size(), result.layers_made, result.layers_reused,
                  image.manifest.digest.to_string());
  if (!result.budget.empty()) text += fmt::format("\nBudget: {}\n", escaped(result.budget));
  if (refused != nullptr) {
    text += fmt::format("\n**Not published: {}**\n", escaped(refused->message()));
    for (const std::string& context : refused->context()) text += fmt::format("\n{}\n", escaped(context));
    if (!refused->hint_text().empty()) text += fmt::format("\n{}\n", escaped(refused->hint_text()));
  }
  return text + packages_table(image);
}

}  // namespace mlbuild
