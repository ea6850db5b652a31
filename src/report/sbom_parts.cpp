#include "sbom_parts.hpp"

#include "spdx_license.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace mlbuild {
namespace {

constexpr std::size_t kLongestText = 200;  // of a licence in free words

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/// Package URL specification, "Character encoding".
std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_plain(c) || c == '_' || c == '~') {
      result.push_back(c);
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return result;
}

/// PEP 503, as purl wants it for pypi.
std::string normal_name(std::string_view name) {
  std::string normal;
  for (const char c : to_lower(name)) {
    const bool is_separator = c == '-' || c == '_' || c == '.';
    if (!is_separator) normal.push_back(c);
    if (is_separator && !normal.ends_with('-')) normal.push_back('-');
  }
  return normal;
}

std::string distribution(const SbomSubject& subject, const ContentPackage& package) {
  const LockedImage* locked = subject.locked;
  if (locked != nullptr && locked->base_image && !locked->base_image->debian.distribution.empty())
    return locked->base_image->debian.distribution;
  return package.version.find("ubuntu") == std::string::npos ? "debian" : "ubuntu";
}

std::string purl_of(const SbomSubject& subject, const ContentPackage& package) {
  if (package.kind == "wheel")
    return fmt::format("pkg:pypi/{}@{}", normal_name(package.name), encoded(package.version));
  std::string purl = fmt::format("pkg:deb/{}/{}@{}", distribution(subject, package), encoded(to_lower(package.name)),
                                 encoded(package.version));
  if (!package.description.architecture.empty()) purl += "?arch=" + encoded(package.description.architecture);
  return purl;
}

struct LockedPart {
  std::string filename;
  BlobDigest sha256;
};

/// By kind, normal name and version.
using LockedParts = std::map<std::tuple<std::string, std::string, std::string>, LockedPart>;

LockedParts locked_parts(const LockedImage* image) {
  LockedParts parts;
  if (image == nullptr) return parts;
  for (const LockedFile& file : image->wheels)
    parts[{"wheel", normal_name(file.name), file.version}] = {file.filename, file.sha256};
  for (const LockedSdist& sdist : image->sdists)
    parts[{"wheel", normal_name(sdist.sdist.name), sdist.sdist.version}] = {sdist.sdist.filename, sdist.sdist.sha256};
  for (const std::vector<LockedDeb>* debs : {&image->base, &image->system_runtime}) {
    for (const LockedDeb& deb : *debs)
      parts[{"deb", normal_name(deb.name), deb.version}] = {deb.path.substr(deb.path.rfind('/') + 1), deb.sha256};
  }
  return parts;
}

std::string id_of(const ContentPackage& package, std::set<std::string>& taken) {
  std::string id;
  for (const char c : fmt::format("{}-{}-{}", package.kind, package.name, package.version))
    id.push_back(is_plain(c) ? c : '-');
  std::string unique = id;
  for (int number = 2; !taken.insert(unique).second; ++number) unique = fmt::format("{}-{}", id, number);
  return unique;
}

std::string free_text(const PackageDescription& description) {
  std::string text(trim(description.license.substr(0, description.license.find('\n'))));
  if (text.empty() && !description.classifiers.empty()) text = join(description.classifiers, "; ");
  if (text.size() > kLongestText) text = text.substr(0, kLongestText - 3) + "...";
  return printable(text);
}

/// Names that are in the image; a package does not need itself.
void connect(std::vector<SbomPackage>& packages, const std::vector<const ContentPackage*>& sources) {
  std::map<std::pair<std::string, std::string>, std::size_t> numbers;
  for (std::size_t i = 0; i < sources.size(); ++i)
    numbers.try_emplace({sources[i]->kind, normal_name(sources[i]->name)}, i);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::set<std::size_t> needs;
    for (const std::string& name : sources[i]->description.needs) {
      const auto found = numbers.find({sources[i]->kind, normal_name(name)});
      if (found != numbers.end() && found->second != i) needs.insert(found->second);
    }
    packages[i].needs.assign(needs.begin(), needs.end());
  }
}

}  // namespace

std::vector<SbomPackage> sbom_packages(const SbomSubject& subject) {
  std::vector<const ContentPackage*> sources;
  for (const ContentPackage& package : subject.contents.packages) {
    if (!package.name.empty()) sources.push_back(&package);
  }
  std::ranges::sort(sources, [](const ContentPackage* a, const ContentPackage* b) {
    return std::tie(a->kind, a->name, a->version) < std::tie(b->kind, b->name, b->version);
  });
  const LockedParts locked = locked_parts(subject.locked);
  std::set<std::string> ids;
  std::vector<SbomPackage> packages;
  for (const ContentPackage* source : sources) {
    SbomPackage& package = packages.emplace_back();
    package.id = id_of(*source, ids);
    package.name = source->kind == "wheel" ? normal_name(source->name) : printable(source->name);
    package.version = printable(source->version);
    package.purl = purl_of(subject, *source);
    package.license_expression = spdx_license(source->description);
    if (package.license_expression.empty()) package.license_text = free_text(source->description);
    package.layers = source->layers;
    const auto part = locked.find({source->kind, normal_name(source->name), source->version});
    if (part == locked.end()) continue;
    package.filename = part->second.filename;
    package.sha256 = part->second.sha256;
  }
  connect(packages, sources);
  return packages;
}

std::string image_purl(const SbomSubject& subject) {
  return fmt::format("pkg:oci/{}@sha256%3A{}?arch={}", encoded(to_lower(subject.name)),
                     subject.image.manifest.digest.hex(), encoded(subject.image.platform.architecture));
}

std::string image_created(const SbomSubject& subject) {
  const std::string created = oci::parse_config(subject.image.config_json).created;
  const bool is_whole_seconds = created.size() == 20 && created.ends_with('Z');
  if (is_whole_seconds) return created;
  return created.size() > 20 && created[19] == '.' ? created.substr(0, 19) + "Z" : "1980-01-01T00:00:00Z";
}

SbomForm parse_sbom_form(std::string_view text) {
  if (text == "spdx") return SbomForm::Spdx;
  if (text == "cyclonedx") return SbomForm::CycloneDx;
  throw Error(ErrorKind::Usage, fmt::format("`{}` is no form of a bill of materials", printable(text)))
      .hint("write `spdx` or `cyclonedx`");
}

std::string_view sbom_media_type(SbomForm form) {
  return form == SbomForm::Spdx ? "application/spdx+json" : "application/vnd.cyclonedx+json";
}

std::string_view sbom_file_extension(SbomForm form) { return form == SbomForm::Spdx ? ".spdx.json" : ".cdx.json"; }

std::string sbom_json(const SbomSubject& subject, SbomForm form) {
  return form == SbomForm::Spdx ? spdx_json(subject) : cyclonedx_json(subject);
}

}  // namespace mlbuild
