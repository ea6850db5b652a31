// CycloneDX 1.5, JSON. Layers are properties: what a component is in is told by its own property "mlbuild:layers".

#include "sbom_parts.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace mlbuild {
namespace {

using nlohmann::json;

json hashes(const std::string& hex) { return json::array({{{"alg", "SHA-256"}, {"content", hex}}}); }

json property(const std::string& name, const std::string& value) { return {{"name", name}, {"value", value}}; }

/// RFC 9562, 5.8: a UUID of one's own making, here from the image's digest.
std::string serial_number(const SbomSubject& subject) {
  std::string hex = subject.image.manifest.digest.hex().substr(0, 32);
  hex[12] = '8';
  hex[16] = 'a';
  return fmt::format("urn:uuid:{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

json image_component(const SbomSubject& subject) {
  json properties = json::array();
  for (std::size_t i = 0; i < subject.image.layers.size(); ++i) {
    const ImageLayer& layer = subject.image.layers[i];
    properties.push_back(property(fmt::format("mlbuild:layer:{}:digest", i + 1), layer.facts.digest.to_string()));
    properties.push_back(property(fmt::format("mlbuild:layer:{}:created_by", i + 1), printable(layer.created_by)));
  }
  return {{"type", "container"},
          {"bom-ref", "image"},
          {"name", subject.name},
          {"version", subject.image.manifest.digest.to_string()},
          {"purl", image_purl(subject)},
          {"hashes", hashes(subject.image.manifest.digest.hex())},
          {"properties", std::move(properties)}};
}

std::string layer_list(const SbomPackage& package) {
  std::vector<std::string> numbers;
  for (const std::size_t layer : package.layers) numbers.push_back(std::to_string(layer + 1));
  return join(numbers, " ");
}

json package_component(const SbomPackage& package) {
  json value = {{"type", "library"},
                {"bom-ref", package.id},
                {"name", package.name},
                {"version", package.version},
                {"purl", package.purl}};
  if (!package.license_expression.empty())
    value["licenses"] = json::array({{{"expression", package.license_expression}}});
  else if (!package.license_text.empty())
    value["licenses"] = json::array({{{"license", {{"name", package.license_text}}}}});
  if (package.sha256) value["hashes"] = hashes(package.sha256->hex());
  json properties = json::array();
  if (!package.layers.empty()) properties.push_back(property("mlbuild:layers", layer_list(package)));
  if (!package.filename.empty()) properties.push_back(property("mlbuild:file", package.filename));
  if (!properties.empty()) value["properties"] = std::move(properties);
  return value;
}

json base_component(const LockedBaseImage& base) {
  return {{"type", "container"},
          {"bom-ref", "base-image"},
          {"name", printable(base.reference)},
          {"version", base.manifest.to_string()},
          {"hashes", hashes(base.manifest.hex())}};
}

/// The image needs what no package of it does.
json dependencies(const std::vector<SbomPackage>& packages, bool has_base) {
  std::set<std::size_t> needed;
  json list = json::array();
  for (const SbomPackage& package : packages) needed.insert(package.needs.begin(), package.needs.end());
  json roots = json::array();
  if (has_base) roots.push_back("base-image");
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (!needed.contains(i)) roots.push_back(packages[i].id);
  }
  list.push_back({{"ref", "image"}, {"dependsOn", std::move(roots)}});
  for (const SbomPackage& package : packages) {
    json refs = json::array();
    for (const std::size_t number : package.needs) refs.push_back(packages[number].id);
    list.push_back({{"ref", package.id}, {"dependsOn", std::move(refs)}});
  }
  return list;
}

}  // namespace

std::string cyclonedx_json(const SbomSubject& subject) {
  const std::vector<SbomPackage> packages = sbom_packages(subject);
  const LockedBaseImage* base =
      subject.locked != nullptr && subject.locked->base_image ? &*subject.locked->base_image : nullptr;
  json components = json::array();
  if (base != nullptr) components.push_back(base_component(*base));
  for (const SbomPackage& package : packages) components.push_back(package_component(package));
  const json tools = {{"components", json::array({{{"type", "application"}, {"name", "mlbuild"}}})}};
  const json document = {
      {"$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json"},
      {"bomFormat", "CycloneDX"},
      {"specVersion", "1.5"},
      {"serialNumber", serial_number(subject)},
      {"version", 1},
      {"metadata", {{"timestamp", image_created(subject)}, {"tools", tools}, {"component", image_component(subject)}}},
      {"components", std::move(components)},
      {"dependencies", dependencies(packages, base != nullptr)}};
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mlbuild
