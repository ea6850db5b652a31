#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_number.hpp"
#include "mlbuild/layer/layer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using Json = nlohmann::json;  // std::map inside: keys come out sorted, which makes the text canonical

Json package_to_json(const LayerPackage& package) {
  return {{"kind", package.kind},
          {"name", package.name},
          {"version", package.version},
          {"plainSizeBytes", package.plain_size_bytes},
          {"compressedSizeBytes", package.compressed_size_bytes}};
}

LayerPackage package_from_json(const Json& json) {
  LayerPackage package;
  package.kind = json.at("kind").get<std::string>();
  package.name = json.at("name").get<std::string>();
  package.version = json.at("version").get<std::string>();
  package.plain_size_bytes = natural_number(json.at("plainSizeBytes"));
  package.compressed_size_bytes = natural_number(json.at("compressedSizeBytes"));
  return package;
}

LayerFacts facts_from_json(const Json& json) {
  LayerFacts facts;
  facts.media_type = json.at("mediaType").get<std::string>();
  facts.digest = BlobDigest::parse(json.at("digest").get<std::string>());
  facts.size_bytes = natural_number(json.at("sizeBytes"));
  facts.diff_id = DiffId::parse(json.at("diffId").get<std::string>());
  facts.plain_size_bytes = natural_number(json.at("plainSizeBytes"));
  facts.entry_count = natural_number(json.at("entryCount"));
  for (const Json& package : json.at("packages")) facts.packages.push_back(package_from_json(package));
  if (json.contains("sourcesLeftOut")) facts.sources_left_out = natural_number(json.at("sourcesLeftOut"));
  facts.warnings = json.at("warnings").get<std::vector<std::string>>();
  facts.annotations = json.value("annotations", std::map<std::string, std::string>());
  return facts;
}

}  // namespace

std::string to_json(const LayerFacts& facts) {
  Json packages = Json::array();
  for (const LayerPackage& package : facts.packages) packages.push_back(package_to_json(package));
  Json json = {{"mediaType", facts.media_type},
               {"digest", facts.digest.to_string()},
               {"sizeBytes", facts.size_bytes},
               {"diffId", facts.diff_id.to_string()},
               {"plainSizeBytes", facts.plain_size_bytes},
               {"entryCount", facts.entry_count},
               {"packages", std::move(packages)},
               {"warnings", facts.warnings}};
  if (facts.sources_left_out > 0) json["sourcesLeftOut"] = facts.sources_left_out;
  if (!facts.annotations.empty()) json["annotations"] = facts.annotations;
  return json.dump();
}

LayerFacts parse_layer_facts(std::string_view json) {
  try {
    return facts_from_json(Json::parse(json));
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::Foreign, fmt::format("layer facts are not readable: {}", error.what()))
        .hint("`mlbuild store verify --repair` removes damaged entries");
  }
}

}  // namespace mlbuild
