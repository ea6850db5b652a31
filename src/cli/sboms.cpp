#include "sboms.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/publish/referrer.hpp"
#include "mlbuild/registry/referrers.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::cli {
namespace {

/// The path that an output is written to; "" for those that have none.
std::string path_of(const std::string& output) {
  for (const std::string_view prefix : {"oci:", "docker:"}) {
    if (!output.starts_with(prefix)) continue;
    std::string path = output.substr(prefix.size());
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
  }
  return "";
}

/// "-linux-arm64" where one file for each platform is needed.
std::string suffix(const std::vector<BuildResult>& results, std::size_t number) {
  if (results.size() < 2) return "";
  std::string platform = "-" + results[number].image.platform.to_string();
  std::ranges::replace(platform, '/', '-');
  return platform;
}

void attach(const Referrer& referrer, const Image& image, const PushTarget& target, World& world) {
  const oci::Reference& where = target.where;
  with_context([&] { return fmt::format("attaching a bill of materials to {}", where.to_string()); },
               [&] {
                 const bool listed =
                     lists_referrers(where.host, where.repository, image.manifest.digest, world.http(),
                                     world.credentials(), world.cancellation(), world.registry_options(where.host));
                 push_referrer(*world.registry(where.host), where.repository, image.manifest, referrer, listed);
               });
}

}  // namespace

std::vector<SbomForm> parse_sbom_forms(const std::vector<std::string>& words) {
  std::vector<SbomForm> forms;
  for (const std::string& word : words) {
    const SbomForm form = parse_sbom_form(word);
    if (std::ranges::find(forms, form) == forms.end()) forms.push_back(form);
  }
  return forms;
}

void check_sbom_places(const std::vector<SbomForm>& forms, const PublishOptions& options) {
  const bool has_place = options.push || std::ranges::any_of(options.outputs, [](const std::string& output) {
                           return !path_of(output).empty() || output.starts_with("registry:");
                         });
  if (forms.empty() || has_place) return;
  throw Error(ErrorKind::Usage, "`--sbom` has no place to write to")
      .hint(
          "write the image with `-o oci:DIR` or `-o docker:FILE.tar`, or `--push` it; `mlbuild sbom SPEC` prints one");
}

void write_sboms(const std::vector<SbomForm>& forms, const std::vector<BuildResult>& results,
                 const std::vector<BuildRequest>& requests, const PublishOptions& options,
                 const std::vector<PushTarget>& targets, BlobStore& store, World& world) {
  if (forms.empty()) return;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Image& image = results[i].image;
    const std::string& name = requests[i].spec->name;
    const InspectedImage inspected = inspect_stored(name, image, store, world);
    for (const SbomForm form : forms) {
      const std::string json = sbom_json({name, image, inspected.contents, requests[i].image}, form);
      const std::string extension = suffix(results, i) + std::string(sbom_file_extension(form));
      for (const std::string& output : options.outputs) {
        if (const std::string path = path_of(output); !path.empty()) write_file_atomically(path + extension, json);
      }
      const Referrer referrer{std::string(sbom_media_type(form)), name + extension, inspected.config.created, json};
      for (const PushTarget& target : targets) attach(referrer, image, target, world);
    }
  }
}

}  // namespace mlbuild::cli
