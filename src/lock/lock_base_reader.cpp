#include "lock_base_reader.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/lazy_annotations.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

std::string read_place(StrictObject& object, const std::string& name) {
  std::string path = object.text(name);
  if (!why_unsafe_path(path).empty()) object.refuse(name, "is no plain relative path");
  return path;
}

/// Absent in most locks, and in all that were made before mlbuild kept them.
std::map<std::string, std::string> read_lazy_annotations(StrictObject& object) {
  const json* written = object.find("annotations");
  if (written == nullptr) return {};
  std::map<std::string, std::string> annotations;
  if (written->is_object()) {
    for (const auto& [name, value] : written->items()) {
      if (value.is_string()) annotations.emplace(name, value.get<std::string>());
    }
  }
  annotations = oci::lazy_annotations(annotations);
  if (annotations.empty() || annotations.size() != written->size())
    object.refuse("annotations", "are not those of a lazy layer");
  return annotations;
}

LockedBaseLayer read_base_layer(StrictObject& object) {
  LockedBaseLayer layer;
  layer.blob.media_type = object.text("media_type");
  layer.blob.digest = object.digest("digest");
  layer.blob.size_bytes = object.number("size");
  layer.blob.annotations = read_lazy_annotations(object);
  layer.diff_id = DiffId(object.digest("diff_id").digest());
  layer.plain_size_bytes = object.number("plain_size");
  if (oci::layer_media_type(layer.blob.media_type) != layer.blob.media_type)
    object.refuse("media_type", "is no media type of a layer");
  constexpr std::uint64_t kAbsurd = std::uint64_t{1} << 50U;  // sums of many of them still fit
  if (layer.blob.size_bytes > kAbsurd) object.refuse("size", "is absurd");
  if (layer.plain_size_bytes > kAbsurd) object.refuse("plain_size", "is absurd");
  return layer;
}

LockedBaseProject read_base_project(StrictObject& object) {
  LockedBaseProject project{object.text("name"), object.text("version"), object.texts("entries")};
  if (!python::is_valid_name(project.name) || python::normalize_name(project.name) != project.name)
    object.refuse("name", "is no normalised project name");
  for (const std::string& entry : project.entries) {
    const bool is_name = why_unsafe_path(entry).empty() && entry.find('/') == std::string::npos;
    if (!is_name || entry.starts_with(".wh.")) object.refuse("entries", "are no plain names");
  }
  return project;
}

/// Members of an object as names and versions; the order is that of the names.
std::vector<LockedBasePackage> read_base_packages(StrictObject& object) {
  std::vector<LockedBasePackage> packages;
  const json* list = object.find("packages");
  if (list == nullptr || !list->is_object()) object.refuse("packages", "is no object");
  for (const auto& [name, version] : list->items()) {
    if (!version.is_string() || name.empty() || name.size() > 255) object.refuse("packages", "are no versions by name");
    packages.push_back({name, version.get<std::string>()});
  }
  return packages;
}

LockedBaseDebian read_base_debian(StrictObject object, std::size_t layer_count) {
  LockedBaseDebian debian;
  debian.distribution = object.text("distribution");
  debian.suite = object.text("suite");
  debian.database = object.text("database");
  const json* merged = object.find("merged_usr");
  if (merged == nullptr || !merged->is_boolean()) object.refuse("merged_usr", "is neither true nor false");
  debian.merged_usr = merged->get<bool>();
  debian.packages = read_base_packages(object);
  if (debian.database == "status") {
    StrictObject status = object.object("status");
    debian.status_layer = status.number("layer");
    debian.status_digest = status.digest("sha256");
    debian.status_size_bytes = status.number("size");
    if (debian.status_layer >= layer_count) status.refuse("layer", "is no layer of the base");
    status.finish();
  } else if (debian.database != "status.d" && debian.database != "none") {
    object.refuse("database", "is none of `status`, `status.d` and `none`");
  }
  object.finish();
  return debian;
}

oci::ImageConfig read_base_config(StrictObject& object) {
  const json* config = object.find("config");
  if (config == nullptr || !config->is_object()) object.refuse("config", "is no object");
  try {
    return oci::parse_config(config->dump());
  } catch (const Error& error) {
    object.refuse("config", fmt::format("is no image config: {}", error.message()));
  } catch (const json::exception&) {
    object.refuse("config", "is no image config");
  }
}

/// Absent where all are usual, and in all locks that were made before mlbuild kept them.
BaseDirectories read_base_directories(StrictObject& object) {
  const json* list = object.find("directories");
  if (list == nullptr) return {};
  if (!list->is_object()) object.refuse("directories", "is no object");
  BaseDirectories directories;
  for (const auto& [path, attributes] : list->items()) {
    if (!why_unsafe_path(path).empty()) object.refuse("directories", "are no plain relative paths");
    if (!attributes.is_string()) object.refuse("directories", "have no mode and owner");
    try {
      directories.emplace(path, parse_directory_attributes(attributes.get<std::string>()));
    } catch (const Error& error) {
      object.refuse("directories", error.message());
    }
  }
  return directories;
}

std::vector<LockedBaseProject> read_base_projects(StrictObject& object) {
  std::vector<LockedBaseProject> projects;
  object.each("projects", [&](StrictObject& item) {
    projects.push_back(read_base_project(item));
    if (projects.size() > 1 && projects[projects.size() - 2].name >= projects.back().name)
      item.refuse("name", "is twice in the list, or the list is not sorted");
  });
  return projects;
}

}  // namespace

LockedScheme read_scheme(StrictObject object) {
  LockedScheme scheme{read_place(object, "purelib"), read_place(object, "platlib"), read_place(object, "scripts"),
                      read_place(object, "headers"), read_place(object, "data")};
  object.finish();
  return scheme;
}

LockedBaseImage read_base_image(StrictObject object) {
  LockedBaseImage image;
  image.kind = object.text("kind");
  if (image.kind != "image" && image.kind != "oci" && image.kind != "archive")
    object.refuse("kind", "is none of `image`, `oci` and `archive`");
  image.reference = object.text("reference");
  image.manifest = object.digest("manifest");
  image.config_digest = object.digest("config_digest");
  image.config = read_base_config(object);
  object.each("layers", [&](StrictObject& item) { image.layers.push_back(read_base_layer(item)); });
  const bool agree = std::ranges::equal(image.layers, image.config.diff_ids, {}, &LockedBaseLayer::diff_id);
  if (!agree) object.refuse("layers", "are not those of its config");
  image.debian = read_base_debian(object.object("debian"), image.layers.size());
  image.projects = read_base_projects(object);
  image.directories = read_base_directories(object);
  object.finish();
  return image;
}

}  // namespace mlbuild
