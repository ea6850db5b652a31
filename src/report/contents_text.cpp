#include "mlbuild/report/contents_text.hpp"

#include "text_table.hpp"
#include "waste.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

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

std::string waste_text(const InspectedImage& image) {
  TextTable table({"compressed", "plain", "files", "may not be needed"});
  for (const WasteRow& row : waste_rows(image.contents)) {
    if (row.bytes.files == 0) continue;
    table.add({human_bytes(row.bytes.compressed_bytes), human_bytes(row.bytes.plain_bytes),
               std::to_string(row.bytes.files), row.places.empty() ? row.what : row.what + ": " + row.places});
  }
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
