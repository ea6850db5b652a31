#include "waste.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kShownPlaces = 3;

/// The package, or the directory for what belongs to none.
std::string place_of(const ImageContents& contents, const ContentFile& file) {
  const ContentPackage& package = contents.packages[file.package];
  if (!package.name.empty()) return package.name;
  return "/" + file.path.substr(0, file.path.find('/', file.path.find('/') + 1));
}

std::string places_of(const ImageContents& contents, FileCategory category) {
  std::map<std::string, std::uint64_t> places;
  for (const ContentFile& file : contents.files) {
    if (file.category == category) places[place_of(contents, file)] += file.bytes.compressed_bytes;
  }
  std::vector<std::pair<std::uint64_t, std::string>> largest;
  for (const auto& [place, bytes] : places) largest.emplace_back(bytes, printable(place));
  std::ranges::sort(largest, std::ranges::greater());
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kShownPlaces, largest.size()); ++i) shown.push_back(largest[i].second);
  if (largest.size() > kShownPlaces) shown.push_back(fmt::format("{} more", largest.size() - kShownPlaces));
  return join(shown, ", ");
}

WasteRow hidden_row(const ImageContents& contents) {
  WasteRow row{"replaced or deleted by layers above", "", {}};
  for (const ByteCount& layer : contents.hidden) row.bytes += layer;
  return row;
}

WasteRow copies_row(const ImageContents& contents) {
  WasteRow row{"copies of other files", "", {}};
  for (const DuplicateFiles& duplicate : contents.duplicates) {
    const std::uint64_t count = duplicate.files.size() - 1;
    row.bytes +=
        {duplicate.wasted_bytes(), contents.files[duplicate.files.front()].bytes.compressed_bytes * count, count};
  }
  if (!contents.duplicates.empty())
    row.places = "e.g. " + printable(contents.files[contents.duplicates.front().files.back()].path);
  return row;
}

}  // namespace

std::vector<WasteRow> waste_rows(const ImageContents& contents) {
  std::vector<WasteRow> rows{hidden_row(contents)};
  for (const FileCategory category : kDispensable) {
    rows.push_back({std::string(category_name(category)), places_of(contents, category), contents.of(category)});
  }
  rows.push_back(copies_row(contents));
  return rows;
}

}  // namespace mlbuild
