#include "base_resolver.hpp"

#include "base_probe.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

bool is_same_base(const LockedImage& image, const ForeignBase& base) {
  return image.base_image && image.base_image->kind == base.kind_name() &&
         image.base_image->reference == base.reference.value;
}

void take_over(const LockedImage& from, LockedImage& image) {
  image.base_image = from.base_image;
  image.interpreter = from.interpreter;
}

/// The image of this run that stands on the same base.
const LockedImage* sibling(const Lock& now, const ForeignBase& base, const oci::Platform& platform) {
  for (const LockedImage& image : now.images) {
    if (image.platform == platform && is_same_base(image, base)) return &image;
  }
  return nullptr;
}

LockedInterpreter no_interpreter() { return {"", "", "", "", std::nullopt}; }

const python::Requirement* first_requirement(const SpecVariant& variant) {
  for (const RequirementSet* set : {&variant.runtime, &variant.dev}) {
    if (!set->requirements.empty()) return &set->requirements.front();
  }
  return nullptr;
}

void check_interpreter(const SpecVariant& variant, const LockedImage& image, const NoInterpreter& without) {
  const python::Requirement* first = first_requirement(variant);
  if (first == nullptr || !image.interpreter.version.empty()) return;
  throw Error(ErrorKind::Spec, fmt::format("requirement `{}` cannot be installed on base `{}`: {}", first->text,
                                           variant.foreign_base->reference.value, without.why))
      .at(first->location)
      .hint(without.hint);
}

NoInterpreter probe(BaseSource& source, const ForeignBase& base, LockedImage& image, const ResolveContext& context) {
  const PulledImage pulled = source.read_image(image.platform);
  ReadLayers read = read_base_layers(source, pulled, context.cancellation, context.on_activity);
  BaseFacts facts = base_facts(read.tree, pulled.config, image.platform);
  LockedBaseImage locked;
  locked.kind = base.kind_name();
  locked.reference = base.reference.value;
  locked.manifest = pulled.manifest;
  locked.config_digest = pulled.config_digest;
  locked.config = pulled.config;
  locked.layers = std::move(read.layers);
  locked.debian = std::move(facts.debian);
  locked.projects = std::move(facts.projects);
  locked.directories = std::move(facts.directories);
  image.base_image = std::move(locked);
  image.interpreter = facts.interpreter.value_or(no_interpreter());
  return facts.without;
}

/// Whether what was pinned is still what the spec means.
bool is_current(const LockedImage& previous, const ForeignBase& base, BaseSource* source) {
  if (base.kind == ForeignBase::Kind::Image) return true;
  return source->read_digest(previous.platform) == previous.base_image->manifest;
}

}  // namespace

void resolve_foreign_base(const Spec& spec, const SpecVariant& variant, LockedImage& image, const LockedImage* previous,
                          const Lock& now, const ResolveContext& context) {
  const ForeignBase& base = *variant.foreign_base;
  image.base_flavor = base.kind == ForeignBase::Kind::Scratch ? "scratch" : "image";
  if (base.kind == ForeignBase::Kind::Scratch) {
    image.interpreter = no_interpreter();
    return;
  }
  NoInterpreter without{"it has no Python that mlbuild can use",
                        "run `mlbuild lock --upgrade-all`, which tells why, or take another base"};
  try {
    with_context(
        [&] { return fmt::format("reading base `{}` for {}", base.reference.value, image.platform.to_string()); },
        [&] {
          const std::unique_ptr<BaseSource> source = context.open_base(spec, base);
          const LockedImage* known = sibling(now, base, image.platform);
          if (known == nullptr && previous != nullptr && is_same_base(*previous, base) &&
              is_current(*previous, base, source.get())) {
            known = previous;
          }
          if (known != nullptr) return take_over(*known, image);
          context.on_activity(fmt::format("reading base `{}`", base.reference.value));
          without = probe(*source, base, image, context);
        });
  } catch (Error& error) {
    throw error.at(base.reference.location);
  }
  check_interpreter(variant, image, without);
}

void check_base_unchanged(const Spec& spec, const SpecVariant& variant, const LockedImage& image, BaseSource& source) {
  const ForeignBase& base = *variant.foreign_base;
  const BlobDigest now = source.read_digest(image.platform);
  if (now == image.base_image->manifest) return;
  throw Error(ErrorKind::Spec,
              fmt::format("base `{}` is not the one that the lock knows: it is now {}, and was {}",
                          base.reference.value, now.to_string(), image.base_image->manifest.to_string()))
      .at(base.reference.location)
      .hint(fmt::format("when that is meant, run `mlbuild lock {}` and commit the lock", spec.path.string()));
}

}  // namespace mlbuild
