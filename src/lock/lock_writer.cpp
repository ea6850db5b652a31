#include "lock_format.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/lock/lock.hpp"

#include <nlohmann/json.hpp>

// Canonical: nlohmann's objects are sorted by key, lists keep the order of the lock (which is sorted), two spaces of
// indentation so that version control shows one changed pin as one changed line.

namespace mlbuild {
namespace {

using nlohmann::json;

json to_value(const LockedSdist& sdist);
json to_value(const LockedBaseLayer& layer);
json to_value(const LockedBaseProject& project);
json to_value(const LockedTool& tool);
json to_value(const LockedImage& image);

json to_value(const LockedRelease& release) {
  return {{"suite", release.suite}, {"in_release", release.in_release_digest.to_string()}, {"date", release.date}};
}

json to_value(const LockedDeb& deb) {
  return {{"name", deb.name},       {"version", deb.version}, {"architecture", deb.architecture},
          {"suite", deb.suite},     {"path", deb.path},       {"sha256", deb.sha256.to_string()},
          {"size", deb.size_bytes}, {"because", deb.because}};
}

json to_value(const LockedFile& file) {
  return {{"name", file.name},
          {"version", file.version},
          {"filename", file.filename},
          {"index", file.index},
          {"sha256", file.sha256.to_string()},
          {"size", file.size_bytes},
          {"required_by", file.required_by}};
}

template <class T>
json to_list(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(to_value(item));
  return list;
}

json to_value(const LockedSdist& sdist) {
  json value = to_value(sdist.sdist);
  value["build"] = to_list(sdist.build_requirements);
  return value;
}

json to_value(const LockedTool& tool) {
  return {
      {"name", tool.name}, {"version", tool.version}, {"filename", tool.filename}, {"sha256", tool.sha256.to_string()}};
}

json to_value(const LockedInterpreter& interpreter) {
  json value{{"version", interpreter.version},
             {"full_version", interpreter.full_version},
             {"path", interpreter.path},
             {"glibc", interpreter.glibc}};
  if (const std::optional<LockedScheme>& scheme = interpreter.scheme) {
    value["scheme"] = {{"purelib", scheme->purelib},
                       {"platlib", scheme->platlib},
                       {"scripts", scheme->scripts},
                       {"headers", scheme->headers},
                       {"data", scheme->data}};
  }
  return value;
}

json to_value(const LockedBaseLayer& layer) {
  json value{{"media_type", layer.blob.media_type},
             {"digest", layer.blob.digest.to_string()},
             {"size", layer.blob.size_bytes},
             {"diff_id", layer.diff_id.to_string()},
             {"plain_size", layer.plain_size_bytes}};
  if (!layer.blob.annotations.empty()) value["annotations"] = layer.blob.annotations;
  return value;
}

json to_value(const LockedBaseProject& project) {
  return {{"name", project.name}, {"version", project.version}, {"entries", project.entries}};
}

json to_value(const LockedBaseDebian& debian) {
  json packages = json::object();  // a line each
  for (const LockedBasePackage& package : debian.packages) packages[package.name] = package.version;
  json value{{"distribution", debian.distribution},
             {"suite", debian.suite},
             {"merged_usr", debian.merged_usr},
             {"database", debian.database},
             {"packages", packages}};
  if (debian.database == "status") {
    value["status"] = {{"layer", debian.status_layer},
                       {"sha256", debian.status_digest.to_string()},
                       {"size", debian.status_size_bytes}};
  }
  return value;
}

json to_value(const LockedBaseImage& image) {
  json value{{"kind", image.kind},
             {"reference", image.reference},
             {"manifest", image.manifest.to_string()},
             {"config_digest", image.config_digest.to_string()},
             {"config", json::parse(oci::to_json(image.config))},
             {"layers", to_list(image.layers)},
             {"debian", to_value(image.debian)},
             {"projects", to_list(image.projects)}};
  for (const auto& [path, attributes] : image.directories) value["directories"][path] = to_string(attributes);
  return value;
}

/// The spec's part is embedded as JSON, not as text in a string: it is what a reviewer wants to see.
json spec_value(const LockedImage& image) {
  json value{{"digest", image.spec_digest.to_string()}};
  if (image.spec_part.empty()) return value;
  value["part"] = json::parse(image.spec_part, nullptr, false);
  if (value["part"].is_discarded()) throw Error(ErrorKind::Internal, "the spec's locked part is no JSON");
  return value;
}

json to_value(const LockedImage& image) {
  json value;
  value["variant"] = image.variant;
  value["platform"] = image.platform.to_string();
  value["spec"] = spec_value(image);
  value["releases"] = to_list(image.releases);
  value["base"] = {{"suite", image.base_suite},
                   {"flavor", image.base_flavor},
                   {"packages", to_list(image.base)},
                   {"dropped", image.base_dropped}};
  if (image.base_image) value["base"]["image"] = to_value(*image.base_image);
  value["interpreter"] = to_value(image.interpreter);
  value["system"] = {{"runtime", to_list(image.system_runtime)}, {"build", to_list(image.system_build)}};
  value["wheels"] = to_list(image.wheels);
  value["sdists"] = to_list(image.sdists);
  value["dev"] = to_list(image.dev);
  return value;
}

}  // namespace

std::string to_json(const Lock& lock) {
  const json value{{"version", kLockFormatVersion}, {"tools", to_list(lock.tools)}, {"images", to_list(lock.images)}};
  return value.dump(2) + "\n";
}

}  // namespace mlbuild
