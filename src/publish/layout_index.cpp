#include "layout_index.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr const char* kRefName = "org.opencontainers.image.ref.name";

std::string name_of(const json& descriptor) {
  const auto annotations = descriptor.find("annotations");
  return annotations != descriptor.end() && annotations->is_object() ? annotations->value(kRefName, "") : "";
}

/// Our own writer knows how a descriptor looks.
json to_json_value(const oci::Descriptor& top, const std::string& ref_name) {
  oci::Index index;
  index.manifests.push_back(top);
  if (!ref_name.empty()) index.manifests.back().annotations[kRefName] = ref_name;
  return json::parse(oci::to_json(index))["manifests"][0];
}

}  // namespace

std::string empty_layout_index() { return oci::to_json(oci::Index()); }

std::string with_image(std::string_view index_json, const oci::Descriptor& top, const std::string& ref_name) {
  oci::parse_index(index_json);  // from here on, types are what they should be
  json index = json::parse(index_json);
  json& manifests = index["manifests"];
  const json entry = to_json_value(top, ref_name);
  const auto is_replaced = [&](const json& other) {
    return ref_name.empty() ? name_of(other).empty() && other["digest"] == entry["digest"] : name_of(other) == ref_name;
  };
  manifests.erase(std::remove_if(manifests.begin(), manifests.end(), is_replaced), manifests.end());
  manifests.push_back(entry);
  std::stable_sort(manifests.begin(), manifests.end(), [](const json& a, const json& b) {
    return std::pair(name_of(a), a["digest"]) < std::pair(name_of(b), b["digest"]);
  });
  return index.dump();
}

}  // namespace mlbuild
