#include "text_table.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/report/contents_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kShownValue = 40;

/// "+1.2 MB", "-340.0 kB", "0 B".
std::string growth(std::uint64_t before, std::uint64_t after) {
  if (before == after) return "0 B";
  return after > before ? "+" + human_bytes(after - before) : "-" + human_bytes(before - after);
}

std::string change_text(const PackageChange& change) {
  const std::string name =
      change.name.empty() ? "files of no package" : fmt::format("{} {}", change.kind, printable(change.name));
  if (change.is_new()) return fmt::format("{} {} is new", name, printable(change.after_version));
  if (change.is_gone()) return fmt::format("{} {} is gone", name, printable(change.before_version));
  if (change.before_version == change.after_version) {
    return change.name.empty() ? name : fmt::format("{} {}, other files", name, printable(change.after_version));
  }
  return fmt::format("{} {} -> {}", name, printable(change.before_version), printable(change.after_version));
}

std::string packages_text(const ImageDiff& diff, std::size_t shown) {
  TextTable table({"compressed", "plain", "package"});
  for (std::size_t i = 0; i < std::min(shown, diff.packages.size()); ++i) {
    const PackageChange& change = diff.packages[i];
    table.add({growth(change.before.compressed_bytes, change.after.compressed_bytes),
               growth(change.before.plain_bytes, change.after.plain_bytes), change_text(change)});
  }
  std::string text = table.text();
  if (shown < diff.packages.size()) text += fmt::format("and {} more\n", diff.packages.size() - shown);
  return text;
}

std::string_view kind_text(FileChange::Kind kind) {
  if (kind == FileChange::Kind::Added) return "added";
  return kind == FileChange::Kind::Removed ? "removed" : "changed";
}

std::string files_text(const ImageDiff& diff, std::size_t shown) {
  TextTable table({"plain", "", "file"});
  for (std::size_t i = 0; i < std::min(shown, diff.files.size()); ++i) {
    const FileChange& change = diff.files[i];
    table.add({growth(change.before_bytes, change.after_bytes), std::string(kind_text(change.kind)),
               "/" + printable(change.path)});
  }
  std::string text = table.text();
  if (shown < diff.files.size()) text += fmt::format("and {} more files\n", diff.files.size() - shown);
  return text;
}

std::string shortened(const std::string& value) {
  if (value.empty()) return "(none)";
  return printable(value.size() > kShownValue ? value.substr(0, kShownValue - 3) + "..." : value);
}

std::string config_text(const ImageDiff& diff) {
  std::string text;
  for (const ConfigChange& change : diff.config) {
    text += fmt::format("{}: {} -> {}\n", printable(change.name), shortened(change.before), shortened(change.after));
  }
  return text;
}

}  // namespace

std::string diff_text(const InspectedImage& before, const InspectedImage& after, const ImageDiff& diff,
                      const ShownRows& rows) {
  const std::uint64_t old_bytes = before.image.compressed_size_bytes();
  const std::uint64_t new_bytes = after.image.compressed_size_bytes();
  std::string text =
      fmt::format("before  {}  {}\nafter   {}  {}\nsize    {} compressed, {} plain\n", human_bytes(old_bytes),
                  printable(before.name), human_bytes(new_bytes), printable(after.name), growth(old_bytes, new_bytes),
                  growth(diff.before.plain_bytes, diff.after.plain_bytes));
  if (before.image.manifest.digest == after.image.manifest.digest) return text + "the images are the same\n";
  for (const std::string& part :
       {packages_text(diff, rows.packages), files_text(diff, rows.files), config_text(diff)}) {
    if (!part.empty()) text += "\n" + part;
  }
  return text;
}

}  // namespace mlbuild
