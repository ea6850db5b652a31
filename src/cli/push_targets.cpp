#include "push_targets.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlbuild::cli {
namespace {

constexpr const char* kWayOut =
    "write `-t HOST/NAME:TAG`, or `image: HOST/NAME` into the spec, e.g. `registry.example/team/churn-train`";

std::optional<oci::Reference> image_of(const Spec& spec) {
  if (!spec.image) return std::nullopt;
  oci::Reference image = oci::Reference::parse(spec.image->value);
  if (!image.host.empty()) return image;
  throw Error(ErrorKind::Spec, fmt::format("`image: {}` names no registry to push to", spec.image->value))
      .at(spec.image->location)
      .hint(kWayOut);
}

std::string_view last_part(std::string_view repository) { return repository.substr(repository.rfind('/') + 1); }

/// `-t name:1.4` is a tag of the spec's image when the name is the image's, or the spec's.
oci::Reference under_image(const oci::Reference& name, const Spec& spec) {
  const std::optional<oci::Reference> image = image_of(spec);
  if (!image)
    throw Error(ErrorKind::Usage, fmt::format("`-t {}` names no registry to push to", name.to_string())).hint(kWayOut);
  if (name.repository != last_part(image->repository) && name.repository != image->repository &&
      name.repository != spec.name) {
    throw Error(ErrorKind::Usage,
                fmt::format("`-t {}` names no registry, and is another name than `image: {}` of the spec",
                            name.to_string(), spec.image->value))
        .hint(kWayOut);
  }
  oci::Reference where = *image;
  where.tag = name.tag;
  return where;
}

oci::Reference target_of(const std::string& text, const Spec& spec) {
  oci::Reference name = oci::Reference::parse(text);
  if (name.digest) {
    throw Error(ErrorKind::Usage, fmt::format("`-t {}` has a digest, which only the finished image has", text))
        .hint("name the image by a tag, e.g. `name:1.4`");
  }
  if (name.tag.empty()) name.tag = "latest";
  return name.host.empty() ? under_image(name, spec) : name;
}

void add(std::vector<PushTarget>& targets, const oci::Reference& where) {
  const auto same = std::ranges::find_if(targets, [&](const PushTarget& target) {
    return target.where.host == where.host && target.where.repository == where.repository;
  });
  if (same == targets.end()) {
    targets.push_back({where, {}});
  } else if (same->where.tag != where.tag) {
    same->more_tags.push_back(where.tag);
  }
}

}  // namespace

std::vector<PushTarget> push_targets(const std::vector<std::string>& names, const Spec& spec,
                                     const std::string& default_tag) {
  std::vector<PushTarget> targets;
  for (const std::string& name : names) add(targets, target_of(name, spec));
  if (!targets.empty()) return targets;
  std::optional<oci::Reference> image = image_of(spec);
  if (!image) throw Error(ErrorKind::Usage, "nothing says where to push to").hint(kWayOut);
  if (image->tag.empty()) image->tag = default_tag;
  add(targets, *image);
  return targets;
}

std::string lock_tag(const std::string& lock_json) {
  constexpr std::size_t kShort = 12;
  return sha256(lock_json).hex().substr(0, kShort);
}

}  // namespace mlbuild::cli
