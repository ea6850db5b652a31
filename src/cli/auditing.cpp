#include "auditing.hpp"

#include "alternatives.hpp"
#include "image_places.hpp"
#include "locking.hpp"

#include "mlbuild/audit/audit_image.hpp"
#include "mlbuild/audit/audit_spec.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/machine.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

namespace mlbuild::cli {
namespace {

python::TargetPlatform target_for(const std::string& python_version, const oci::Platform& platform) {
  python::TargetPlatform target;
  target.python_version = python_version;
  target.machine = oci::machine_of(platform);
  return target;
}

/// An interpreter to read sources with: the base's own where mlbuild makes it, else this machine's.
std::optional<AppImports> imports_of(const std::vector<AppFile>& app, const LockedImage& image, World& world) {
  try {
    std::vector<std::filesystem::path> roots;
    if (!image.base.empty()) {
      roots = {debian_tree(image.base, resolve_context(world))};
    } else if (!find_program("python3")) {
      return std::nullopt;
    }
    return read_app_imports(app, world.sandbox(), roots, world.cancellation());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Interrupted || error.kind() == ErrorKind::Internal) throw;
    world.events().on(WarningRaised{fmt::format("the application's imports were not read: {}", error.message())});
    return std::nullopt;
  }
}

std::optional<std::uint64_t> base_bytes(const Spec& spec, ForeignBase base, const std::string& reference,
                                        const oci::Platform& platform, World& world) {
  if (base.kind != ForeignBase::Kind::Image) return std::nullopt;
  try {
    base.reference.value = reference;
    ImagePlace place;
    place.reference = oci::Reference::parse(base.reference.value);
    if (place.reference.tag.empty()) return std::nullopt;
    const std::unique_ptr<ImageSource> source = open_place(place, world);
    return image_to_copy(*source, platform).images().front().compressed_size_bytes();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Interrupted || error.kind() == ErrorKind::Internal) throw;
    world.note(fmt::format("note: base of {} was not asked for: {}\n", spec.path.string(), error.message()));
    return std::nullopt;
  }
}

}  // namespace

AuditResult audit_inspected(const InspectedImage& image, World& world) {
  std::vector<std::string> labels;
  for (const ImageLayer& layer : image.image.layers) labels.push_back(layer.created_by);
  const python::TargetPlatform target = target_for(python_version_of(image.contents), image.config.platform);
  return audit_image({image.contents, image.config, std::move(labels), alternatives_of(nullptr, target, world)});
}

AuditResult audit_locked(const Spec& spec, const SpecVariant& variant, const LockedImage& image, World& world) {
  SpecSubject subject{spec, variant, image};
  subject.store = &world.store();
  subject.app = list_app_files(spec, variant);
  subject.imports = imports_of(subject.app, image, world);
  subject.alternative = alternatives_of(&variant, target_for(image.interpreter.version, image.platform), world);
  if (variant.foreign_base) {
    subject.base_bytes = [&](const std::string& reference) {
      return base_bytes(spec, *variant.foreign_base, reference, image.platform, world);
    };
  }
  return audit_spec(subject);
}

}  // namespace mlbuild::cli
