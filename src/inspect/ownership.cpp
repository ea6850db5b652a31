#include "ownership.hpp"

#include "package_files.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/control.hpp"
#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/debian/merged_usr.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/wheel.hpp"

#include <filesystem>
#include <optional>

namespace mlbuild {
namespace {

using Texts = std::map<std::string, std::string_view>;

/// Paths in RECORD are relative to the directory that the .dist-info is in; scripts are reached by "..".
std::optional<std::string> record_path(std::string_view site, std::string_view path) {
  std::string normal = (std::filesystem::path(site) / path).lexically_normal().string();
  if (normal.starts_with("../")) return std::nullopt;
  if (normal.starts_with('/')) normal.erase(0, 1);
  return normal;
}

std::vector<std::string> record_paths(std::string_view record_file, std::string_view text) {
  const std::string_view info = record_file.substr(0, record_file.rfind('/'));
  const auto slash = info.rfind('/');
  const std::string_view site = slash == std::string_view::npos ? std::string_view() : info.substr(0, slash);
  std::vector<std::string> paths;
  for (const python::RecordRow& row : python::parse_record(text)) {
    if (std::optional<std::string> path = record_path(site, row.path)) paths.push_back(std::move(*path));
  }
  return paths;
}

/// Those of licences. Header fields end at the first empty line.
std::vector<std::string> license_classifiers(std::string_view metadata) {
  constexpr std::string_view kField = "classifier: ";
  std::vector<std::string> classifiers;
  for (const std::string_view line : split_lines(metadata)) {
    if (line.empty()) break;
    if (to_lower(line.substr(0, kField.size())) != kField) continue;
    const std::string_view value = trim(line.substr(kField.size()));
    if (value.starts_with("License ::")) classifiers.emplace_back(value);
  }
  return classifiers;
}

/// Core metadata specifications: License-Expression (PEP 639), before it License and classifiers. What only an extra
/// needs is left out.
PackageDescription describe(const python::Metadata& fields, std::string_view metadata) {
  PackageDescription description;
  description.is_license_expression = !fields.license_expression.empty();
  description.license = description.is_license_expression ? fields.license_expression : fields.license;
  description.classifiers = license_classifiers(metadata);
  for (const std::string& need : fields.requires_dist) {
    const auto marker = need.find(';');
    if (marker != std::string::npos && need.find("extra", marker) != std::string::npos) continue;
    description.needs.push_back(python::normalize_name(need.substr(0, need.find_first_of(" ;[(<>=!~@"))));
  }
  return description;
}

PackageDescription describe(const debian::Stanza& stanza) {
  PackageDescription description;
  description.architecture = stanza.get("Architecture");
  for (const char* field : {"Pre-Depends", "Depends"}) {
    for (const debian::DependencyGroup& group : debian::parse_dependencies(stanza.get(field))) {
      for (const debian::Dependency& need : group) description.needs.push_back(need.name);
    }
  }
  return description;
}

std::optional<FoundPackage> wheel_of(const std::string& record_file, const Texts& texts) {
  const std::string metadata_file = record_file.substr(0, record_file.rfind('/')) + "/METADATA";
  const auto metadata = texts.find(metadata_file);
  if (metadata == texts.end()) return std::nullopt;
  try {
    const python::Metadata fields = python::Metadata::parse(metadata->second);
    return FoundPackage{"wheel", fields.name, fields.version, record_paths(record_file, texts.at(record_file)),
                        describe(fields, metadata->second)};
  } catch (const Error&) {  // somebody else's image: what cannot be read belongs to nobody
    return std::nullopt;
  }
}

/// Both where dpkg installed it and where it is when /lib is a link into /usr.
void add_both(std::vector<std::string>& paths, std::string_view path) {
  const std::string merged = debian::merged_usr_path(path);
  if (merged != path) paths.push_back(merged);
  paths.emplace_back(path);
}

std::vector<std::string> listed_paths(std::string_view file, std::string_view text) {
  std::vector<std::string> paths;
  for (std::string_view line : split_lines(text)) {
    if (is_dpkg_sums(file)) {
      const auto gap = line.find("  ");
      line = gap == std::string_view::npos ? std::string_view() : line.substr(gap + 2);
    }
    if (line.starts_with('/')) line.remove_prefix(1);
    if (!line.empty() && line != ".") add_both(paths, line);
  }
  return paths;
}

void add_status(std::string_view text, std::map<std::string, FoundPackage>& debs) {
  try {
    const ByteSpan bytes = as_bytes(text);
    SpanSource source(bytes);
    debian::StanzaReader reader(source);
    for (debian::Stanza stanza; reader.next(stanza);) {
      const std::string_view state = stanza.get("Status");
      if (!state.empty() && !state.ends_with(" installed")) continue;
      const std::string name(stanza.get("Package"));
      debs[name] = {"deb", name, std::string(stanza.get("Version")), {}, describe(stanza)};
    }
  } catch (const Error&) {  // as above
  }
}

}  // namespace

std::vector<FoundPackage> find_packages(const Texts& texts) {
  std::map<std::string, FoundPackage> debs;
  std::vector<FoundPackage> packages;
  for (const auto& [path, text] : texts) {
    if (is_dpkg_status(path)) add_status(text, debs);
  }
  for (const auto& [path, text] : texts) {
    if (is_record(path)) {
      if (std::optional<FoundPackage> wheel = wheel_of(path, texts)) packages.push_back(std::move(*wheel));
    }
    if (!is_dpkg_list(path) && !is_dpkg_sums(path)) continue;
    const auto deb = debs.find(std::string(dpkg_package(path)));
    if (deb == debs.end()) continue;
    const std::vector<std::string> paths = listed_paths(path, text);
    deb->second.paths.insert(deb->second.paths.end(), paths.begin(), paths.end());
  }
  for (auto& [name, deb] : debs) packages.push_back(std::move(deb));
  return packages;
}

}  // namespace mlbuild
