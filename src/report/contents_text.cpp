#include "mlbuild/report/contents_text.hpp"

#include "text_table.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kShownPlaces = 3;

std::string package_label(const ContentPackage& package) {
  if (package.name.empty()) return "files of no package";
  return fmt::format("{} {} {}", package.kind, printable(package.name), printable(package.version));
}

std::string heading(const InspectedImage& image) {
  std::uint64_t plain_bytes = 0;
  for (const std::uint64_t bytes : image.plain_layer_bytes) plain_bytes += bytes;
  return fmt::format("image   {}  {}\ndigest  {}\nsize    {} compressed, {} plain, {} layers\n", printable(image.name),
                     printable(image.config.platform.to_string()), image.image.manifest.digest.to_string(),
                     human_bytes(image.image.compressed_size_bytes()), human_bytes(plain_bytes),
                     image.image.layers.size());
}

std::string layers_text(const InspectedImage& image) {
  TextTable table({"compressed", "plain", "hidden", "layer"});
  for (std::size_t i = 0; i < image.image.layers.size(); ++i) {
    const ImageLayer& layer = image.image.layers[i];
    const std::uint64_t hidden = image.contents.hidden[i].compressed_bytes;
    table.add({human_bytes(layer.facts.size_bytes), human_bytes(image.plain_layer_bytes[i]),
               hidden == 0 ? "" : human_bytes(hidden), layer.created_by});
  }
  return table.text();
}

std::string packages_text(const ImageContents& contents, std::size_t shown) {
  TextTable table({"compressed", "plain", "files", "package"});
  for (std::size_t i = 0; i < std::min(shown, contents.packages.size()); ++i) {
    const ContentPackage& package = contents.packages[i];
    table.add({human_bytes(package.bytes.compressed_bytes), human_bytes(package.bytes.plain_bytes),
               std::to_string(package.bytes.files), package_label(package)});
  }
  std::string text = table.text();
  if (shown < contents.packages.size()) text += fmt::format("and {} more\n", contents.packages.size() - shown);
  return text;
}

/// The directories that most of the category is in.
std::string places_of(const ImageContents& contents, FileCategory category) {
  std::map<std::string, std::uint64_t> places;
  for (const ContentFile& file : contents.files) {
    if (file.category != category) continue;
    const ContentPackage& package = contents.packages[file.package];
    const std::string place =
        package.name.empty() ? "/" + file.path.substr(0, file.path.find('/', file.path.find('/') + 1)) : package.name;
    places[place] += file.bytes.compressed_bytes;
  }
  std::vector<std::pair<std::uint64_t, std::string>> largest;
  for (const auto& [place, bytes] : places) largest.emplace_back(bytes, printable(place));
  std::ranges::sort(largest, std::ranges::greater());
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kShownPlaces, largest.size()); ++i) shown.push_back(largest[i].second);
  if (largest.size() > kShownPlaces) shown.push_back(fmt::format("{} more", largest.size() - kShownPlaces));
  return join(shown, ", ");
}

std::string waste_text(const InspectedImage& image) {
  const ImageContents& contents = image.contents;
  TextTable table({"compressed", "plain", "files", "may not be needed"});
  const auto add = [&](const ByteCount& bytes, const std::string& what) {
    if (bytes.files == 0) return;
    table.add({human_bytes(bytes.compressed_bytes), human_bytes(bytes.plain_bytes), std::to_string(bytes.files), what});
  };
  ByteCount hidden;
  for (const ByteCount& layer : contents.hidden) hidden += layer;
  add(hidden, "replaced or deleted by layers above");
  for (const FileCategory category : kDispensable) {
    add(contents.of(category), fmt::format("{}: {}", category_name(category), places_of(contents, category)));
  }
  ByteCount copies;
  for (const DuplicateFiles& duplicate : contents.duplicates) {
    copies.plain_bytes += duplicate.wasted_bytes();
    copies.files += duplicate.files.size() - 1;
    copies.compressed_bytes +=
        contents.files[duplicate.files.front()].bytes.compressed_bytes * (duplicate.files.size() - 1);
  }
  add(copies, contents.duplicates.empty()
                  ? ""
                  : fmt::format("copies of other files, e.g. {}",
                                printable(contents.files[contents.duplicates.front().files.back()].path)));
  return table.text();
}

std::string files_text(const ImageContents& contents, std::size_t shown) {
  std::vector<const ContentFile*> largest;
  for (const ContentFile& file : contents.files) largest.push_back(&file);
  std::ranges::stable_sort(largest, std::ranges::greater(),
                           [](const ContentFile* file) { return file->bytes.compressed_bytes; });
  if (largest.size() > shown) largest.resize(shown);
  TextTable table({"compressed", "plain", "layer", "file"});
  for (const ContentFile* file : largest) {
    table.add({human_bytes(file->bytes.compressed_bytes), human_bytes(file->bytes.plain_bytes),
               std::to_string(file->layer + 1), "/" + printable(file->path)});
  }
  return table.text();
}

}  // namespace

std::string contents_text(const InspectedImage& image, const ShownRows& rows) {
  std::string text = heading(image);
  text += "\n" + layers_text(image) + "\n" + packages_text(image.contents, rows.packages);
  if (const std::string waste = waste_text(image); !waste.empty()) text += "\n" + waste;
  if (rows.files > 0) text += "\n" + files_text(image.contents, rows.files);
  return text;
}

}  // namespace mlbuild
