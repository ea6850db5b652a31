#include "base_part.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/spec/spec.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;  // an ordered map: keys come out sorted

/// The lock stands in version control and names no host, so a URL is present by its digest only: enough to see that it
/// changed.
std::string url_digest(const std::string& url) { return BlobDigest(sha256(url)).to_string(); }

std::string requirement_text(const python::Requirement& requirement) {
  std::string text = requirement.text;
  if (!requirement.url.empty()) {
    text = requirement.name;
    for (const std::string& extra : requirement.extras) text += "[" + extra + "]";
    text += " @ " + url_digest(requirement.url);
    if (!requirement.marker.empty()) text += " ; " + requirement.marker;
  }
  std::vector<BlobDigest> hashes = requirement.hashes;
  std::ranges::sort(hashes);
  for (const BlobDigest& hash : hashes) text += " --hash=" + hash.to_string();
  return text;
}

/// Neither order nor repetition changes what is resolved.
json sorted_texts(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

json requirement_texts(const std::vector<python::Requirement>& requirements) {
  std::vector<std::string> texts;
  for (const python::Requirement& requirement : requirements) texts.push_back(requirement_text(requirement));
  return sorted_texts(std::move(texts));
}

json package_names(const std::vector<Located<std::string>>& packages) {
  std::vector<std::string> names;
  for (const Located<std::string>& package : packages) names.push_back(package.value);
  return sorted_texts(std::move(names));
}

json requirements_part(const SpecVariant& variant) {
  json part;
  const auto add = [&](const std::string& name, const RequirementSet& set) {
    part[name] = requirement_texts(set.requirements);
    if (!set.constraints.empty()) part[name + "-constraints"] = requirement_texts(set.constraints);
  };
  add("runtime", variant.runtime);
  add("build", variant.build);
  add("dev", variant.dev);
  return part;
}

json sdists_part(const SpecVariant& variant) {
  switch (variant.sdists) {
    case SdistPolicy::Deny:
      return "deny";
    case SdistPolicy::Allow:
      return "allow";
    case SdistPolicy::Listed:
      break;
  }
  return sorted_texts(variant.sdist_names);
}

json python_part(const SpecVariant& variant) {
  json part{{"sdists", sdists_part(variant)}, {"indexes", json::array()}};
  if (variant.exclude_newer) part["exclude-newer"] = variant.exclude_newer->value;
  for (const SpecIndex& index : variant.indexes) {
    part["indexes"].push_back({{"url", url_digest(index.url.value)}, {"packages", sorted_texts(index.packages)}});
  }
  return part;
}

}  // namespace

std::string locked_part_json(const Spec& spec, const SpecVariant& variant) {
  std::vector<std::string> platforms;
  for (const oci::Platform& platform : spec.platforms) platforms.push_back(platform.to_string());
  const json system{{"runtime", package_names(variant.system.runtime)}, {"build", package_names(variant.system.build)}};
  const json part{{"base", base_part(variant)},
                  {"platforms", sorted_texts(std::move(platforms))},
                  {"python", python_part(variant)},
                  {"requirements", requirements_part(variant)},
                  {"system", system}};
  return part.dump();
}

BlobDigest locked_part_digest(const Spec& spec, const SpecVariant& variant) {
  return BlobDigest(sha256(locked_part_json(spec, variant)));
}

}  // namespace mlbuild
