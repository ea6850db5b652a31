#include "mlbuild/report/contents_text.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

json value_of(const ByteCount& bytes) {
  return {{"plain_bytes", bytes.plain_bytes}, {"compressed_bytes", bytes.compressed_bytes}, {"files", bytes.files}};
}

json layers_value(const InspectedImage& image) {
  json layers = json::array();
  for (std::size_t i = 0; i < image.image.layers.size(); ++i) {
    const ImageLayer& layer = image.image.layers[i];
    layers.push_back({{"digest", layer.facts.digest.to_string()},
                      {"created_by", layer.created_by},
                      {"compressed_bytes", layer.facts.size_bytes},
                      {"plain_bytes", image.plain_layer_bytes[i]},
                      {"hidden", value_of(image.contents.hidden[i])}});
  }
  return layers;
}

json packages_value(const ImageContents& contents) {
  json packages = json::array();
  for (const ContentPackage& package : contents.packages) {
    json value = value_of(package.bytes);
    value["kind"] = package.kind;
    value["name"] = package.name;
    value["version"] = package.version;
    value["layers"] = package.layers;
    packages.push_back(std::move(value));
  }
  return packages;
}

json files_value(const ImageContents& contents) {
  json files = json::array();
  for (const ContentFile& file : contents.files) {
    files.push_back({{"path", file.path},
                     {"plain_bytes", file.bytes.plain_bytes},
                     {"compressed_bytes", file.bytes.compressed_bytes},
                     {"layer", file.layer},
                     {"package", file.package},
                     {"category", category_name(file.category)}});
  }
  return files;
}

json duplicates_value(const ImageContents& contents) {
  json duplicates = json::array();
  for (const DuplicateFiles& duplicate : contents.duplicates) {
    json paths = json::array();
    for (const std::size_t file : duplicate.files) paths.push_back(contents.files[file].path);
    duplicates.push_back(
        {{"size_bytes", duplicate.size_bytes}, {"wasted_bytes", duplicate.wasted_bytes()}, {"paths", paths}});
  }
  return duplicates;
}

json waste_value(const ImageContents& contents) {
  json waste = json::object();
  for (const FileCategory category : kDispensable) {
    waste[std::string(category_name(category))] = value_of(contents.of(category));
  }
  return waste;
}

json change_value(const PackageChange& change) {
  return {{"kind", change.kind},
          {"name", change.name},
          {"before_version", change.before_version},
          {"after_version", change.after_version},
          {"before", value_of(change.before)},
          {"after", value_of(change.after)}};
}

json side_value(const InspectedImage& image, const ByteCount& bytes) {
  return {{"name", image.name},
          {"digest", image.image.manifest.digest.to_string()},
          {"compressed_bytes", image.image.compressed_size_bytes()},
          {"content", value_of(bytes)}};
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string contents_json(const InspectedImage& image) {
  return dump({{"name", image.name},
               {"digest", image.image.manifest.digest.to_string()},
               {"platform", image.config.platform.to_string()},
               {"compressed_bytes", image.image.compressed_size_bytes()},
               {"layers", layers_value(image)},
               {"packages", packages_value(image.contents)},
               {"files", files_value(image.contents)},
               {"duplicates", duplicates_value(image.contents)},
               {"waste", waste_value(image.contents)}});
}

std::string diff_json(const InspectedImage& before, const InspectedImage& after, const ImageDiff& diff) {
  json packages = json::array(), files = json::array(), config = json::array();
  for (const PackageChange& change : diff.packages) packages.push_back(change_value(change));
  for (const FileChange& change : diff.files) {
    files.push_back({{"path", change.path},
                     {"package", change.package},
                     {"before_bytes", change.before_bytes},
                     {"after_bytes", change.after_bytes}});
  }
  for (const ConfigChange& change : diff.config) {
    config.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after}});
  }
  return dump({{"before", side_value(before, diff.before)},
               {"after", side_value(after, diff.after)},
               {"packages", packages},
               {"files", files},
               {"config", config}});
}

}  // namespace mlbuild
