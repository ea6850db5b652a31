// SPDX 2.3, JSON: the image contains its layers, a layer the packages that have files in it, and packages depend on
// each other. A base that mlbuild did not make is what the image descends from.

#include "sbom_parts.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr const char* kNoAssertion = "NOASSERTION";

json checksum(const std::string& hex) { return json::array({{{"algorithm", "SHA256"}, {"checksumValue", hex}}}); }

json package_url(const std::string& purl) {
  return json::array(
      {{{"referenceCategory", "PACKAGE-MANAGER"}, {"referenceType", "purl"}, {"referenceLocator", purl}}});
}

json item(const std::string& id, const std::string& name) {
  return {{"SPDXID", "SPDXRef-" + id},        {"name", name},
          {"downloadLocation", kNoAssertion}, {"filesAnalyzed", false},
          {"licenseConcluded", kNoAssertion}, {"licenseDeclared", kNoAssertion},
          {"copyrightText", kNoAssertion}};
}

json image_item(const SbomSubject& subject) {
  json value = item("image", subject.name);
  value["versionInfo"] = subject.image.manifest.digest.to_string();
  value["checksums"] = checksum(subject.image.manifest.digest.hex());
  value["externalRefs"] = package_url(image_purl(subject));
  value["primaryPackagePurpose"] = "CONTAINER";
  return value;
}

json layer_item(const ImageLayer& layer, std::size_t number) {
  json value =
      item(fmt::format("layer-{}", number + 1), fmt::format("layer {}: {}", number + 1, printable(layer.created_by)));
  value["versionInfo"] = layer.facts.digest.to_string();
  value["checksums"] = checksum(layer.facts.digest.hex());
  value["primaryPackagePurpose"] = "ARCHIVE";
  return value;
}

json package_item(const SbomPackage& package) {
  json value = item(package.id, package.name);
  value["versionInfo"] = package.version;
  value["externalRefs"] = package_url(package.purl);
  value["primaryPackagePurpose"] = "LIBRARY";
  if (!package.license_expression.empty()) value["licenseDeclared"] = package.license_expression;
  if (!package.license_text.empty()) value["licenseComments"] = "the package says: " + package.license_text;
  if (!package.filename.empty()) value["packageFileName"] = package.filename;
  if (package.sha256) value["checksums"] = checksum(package.sha256->hex());
  return value;
}

json base_item(const LockedBaseImage& base) {
  json value = item("base-image", printable(base.reference));
  value["versionInfo"] = base.manifest.to_string();
  value["checksums"] = checksum(base.manifest.hex());
  value["primaryPackagePurpose"] = "CONTAINER";
  return value;
}

json relation(const std::string& from, const char* type, const std::string& to) {
  return {{"spdxElementId", "SPDXRef-" + from}, {"relationshipType", type}, {"relatedSpdxElement", "SPDXRef-" + to}};
}

const LockedBaseImage* base_of(const SbomSubject& subject) {
  return subject.locked != nullptr && subject.locked->base_image ? &*subject.locked->base_image : nullptr;
}

json relations(const SbomSubject& subject, const std::vector<SbomPackage>& packages) {
  json list = json::array({relation("DOCUMENT", "DESCRIBES", "image")});
  if (base_of(subject) != nullptr) list.push_back(relation("image", "DESCENDANT_OF", "base-image"));
  for (std::size_t i = 0; i < subject.image.layers.size(); ++i)
    list.push_back(relation("image", "CONTAINS", fmt::format("layer-{}", i + 1)));
  for (const SbomPackage& package : packages) {
    for (const std::size_t layer : package.layers)
      list.push_back(relation(fmt::format("layer-{}", layer + 1), "CONTAINS", package.id));
    if (package.layers.empty()) list.push_back(relation("image", "CONTAINS", package.id));
    for (const std::size_t needed : package.needs)
      list.push_back(relation(package.id, "DEPENDS_ON", packages[needed].id));
  }
  return list;
}

}  // namespace

std::string spdx_json(const SbomSubject& subject) {
  const std::vector<SbomPackage> packages = sbom_packages(subject);
  json items = json::array({image_item(subject)});
  if (const LockedBaseImage* base = base_of(subject)) items.push_back(base_item(*base));
  for (std::size_t i = 0; i < subject.image.layers.size(); ++i) items.push_back(layer_item(subject.image.layers[i], i));
  for (const SbomPackage& package : packages) items.push_back(package_item(package));
  const json document = {{"spdxVersion", "SPDX-2.3"},
                         {"dataLicense", "CC0-1.0"},
                         {"SPDXID", "SPDXRef-DOCUMENT"},
                         {"name", subject.name},
                         {"documentNamespace", "urn:mlbuild:spdx:sha256:" + subject.image.manifest.digest.hex()},
                         {"creationInfo", {{"created", image_created(subject)}, {"creators", {"Tool: mlbuild"}}}},
                         {"packages", std::move(items)},
                         {"relationships", relations(subject, packages)}};
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mlbuild
