#include "text_table.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/report/contents_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

/// 0 for a layer that does not tell.
std::uint64_t plain_bytes(const ImageLayer& layer) { return layer.facts.plain_size_bytes; }

std::string heading(const std::string& name, const Image& image, const RecordedContents& contents) {
  const std::size_t unknown = contents.unknown_layers.size();
  const std::string plain = unknown == 0
                                ? human_bytes(image.plain_size_bytes()) + " plain"
                                : fmt::format("{} plain without {} of the base", human_bytes(image.plain_size_bytes()),
                                              unknown == 1 ? "a layer" : fmt::format("{} layers", unknown));
  return fmt::format("image   {}  {}\ndigest  {}\nsize    {} compressed, {}, {} layers\n", printable(name),
                     printable(oci::parse_config(image.config_json).platform.to_string()),
                     image.manifest.digest.to_string(), human_bytes(image.compressed_size_bytes()), plain,
                     image.layers.size());
}

std::string layers_text(const Image& image) {
  TextTable table({"compressed", "plain", "layer"});
  for (const ImageLayer& layer : image.layers) {
    table.add({human_bytes(layer.facts.size_bytes), plain_bytes(layer) == 0 ? "?" : human_bytes(plain_bytes(layer)),
               printable(layer.created_by)});
  }
  return table.text();
}

std::string label(const ContentPackage& package) {
  if (package.name.empty()) return "files of no package";
  return fmt::format("{} {} {}", printable(package.kind), printable(package.name), printable(package.version));
}

std::string packages_text(const std::vector<ContentPackage>& packages, std::size_t shown) {
  TextTable table({"compressed", "plain", "package"});
  for (std::size_t i = 0; i < std::min(shown, packages.size()); ++i) {
    table.add({human_bytes(packages[i].bytes.compressed_bytes), human_bytes(packages[i].bytes.plain_bytes),
               label(packages[i])});
  }
  std::string text = table.text();
  if (shown < packages.size()) text += fmt::format("and {} more\n", packages.size() - shown);
  return text;
}

}  // namespace

std::string recorded_text(const std::string& name, const Image& image, const RecordedContents& contents,
                          const ShownRows& rows) {
  return heading(name, image, contents) + "\n" + layers_text(image) + "\n" +
         packages_text(contents.packages, rows.packages) +
         fmt::format(
             "\nas the manifest tells it; files, waste and copies need the layers, {}: `--read-layers`, or `--files "
             "N`\n",
             human_bytes(image.compressed_size_bytes()));
}

std::string recorded_json(const std::string& name, const Image& image, const RecordedContents& contents) {
  json layers = json::array(), packages = json::array();
  for (const ImageLayer& layer : image.layers) {
    layers.push_back({{"digest", layer.facts.digest.to_string()},
                      {"created_by", layer.created_by},
                      {"compressed_bytes", layer.facts.size_bytes},
                      {"plain_bytes", plain_bytes(layer) == 0 ? json() : json(plain_bytes(layer))},
                      {"hidden", nullptr}});
  }
  for (const ContentPackage& package : contents.packages) {
    packages.push_back({{"kind", package.kind},
                        {"name", package.name},
                        {"version", package.version},
                        {"plain_bytes", package.bytes.plain_bytes},
                        {"compressed_bytes", package.bytes.compressed_bytes},
                        {"files", nullptr},
                        {"layers", package.layers}});
  }
  const json value = {{"name", name},
                      {"digest", image.manifest.digest.to_string()},
                      {"platform", oci::parse_config(image.config_json).platform.to_string()},
                      {"compressed_bytes", image.compressed_size_bytes()},
                      {"layers", std::move(layers)},
                      {"packages", std::move(packages)},
                      {"files", nullptr},
                      {"duplicates", nullptr},
                      {"waste", nullptr}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
