#include "base_resolver.hpp"
#include "debian_resolver.hpp"
#include "preferences.hpp"
#include "python_resolver.hpp"
#include "resolver_tool.hpp"

#include "mlbuild/lock/resolve.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace mlbuild {
namespace {

bool is_same(const LockedDeb& a, const LockedDeb& b) { return a.name == b.name && a.sha256 == b.sha256; }

bool are_same(const std::vector<LockedDeb>& a, const std::vector<LockedDeb>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same);
}

/// When every package is what it was, the releases of the previous lock stay: a newer signature over the same packages
/// is no news, and locking again changes nothing.
void keep_releases(const Lock& previous, LockedImage& image) {
  const LockedImage* before = previous.find(image.variant, image.platform);
  if (before == nullptr || before->base_suite != image.base_suite) return;
  const bool same = are_same(before->base, image.base) && are_same(before->system_runtime, image.system_runtime) &&
                    are_same(before->system_build, image.system_build);
  if (same) image.releases = before->releases;
}

bool needs_resolver(const SpecVariant& variant) {
  return !variant.runtime.requirements.empty() || !variant.dev.requirements.empty();
}

/// Sizes of the previous lock's files: a file's digest fixes its size.
KnownSizes sizes_of(const std::optional<Lock>& lock) {
  KnownSizes sizes;
  const auto add = [&](const std::vector<LockedFile>& files) {
    for (const LockedFile& file : files) sizes.emplace(file.sha256, file.size_bytes);
  };
  if (!lock) return sizes;
  for (const LockedImage& image : lock->images) {
    add(image.wheels);
    add(image.dev);
    for (const LockedSdist& sdist : image.sdists) {
      add({sdist.sdist});
      add(sdist.build_requirements);
    }
  }
  return sizes;
}

/// Makes the resolver at its first use: a spec without requirements needs none. One per suite and Python version.
class UvFactory {
 public:
  UvFactory(const ResolveContext& context, DebianResolver& debian) : context_(context), debian_(debian) {}

  Uv& get(const SpecVariant& variant) {
    const auto key = std::pair(variant.base.suite.value, variant.base.python.value);
    if (const auto known = tools_.find(key); known != tools_.end()) return known->second;
    const std::filesystem::path program = resolver_program(context_);
    const std::filesystem::path root = debian_tree(debian_.tool_root(variant), context_);
    return tools_.try_emplace(key, context_, root, program).first->second;
  }

 private:
  const ResolveContext& context_;
  DebianResolver& debian_;
  std::map<std::pair<std::string, std::string>, Uv> tools_;
};

}  // namespace

namespace {

struct BaseContext {
  const std::optional<Lock>& previous;
  const Upgrade& upgrade;
  const Lock& now;
  DebianResolver& debian;
  const ResolveContext& context;
};

void resolve_base(const Spec& spec, const SpecVariant& variant, LockedImage& image, const BaseContext& base) {
  if (!variant.foreign_base) return base.debian.resolve(variant, image);
  const LockedImage* before = base.previous ? base.previous->find(image.variant, image.platform) : nullptr;
  resolve_foreign_base(spec, variant, image, base.upgrade.all ? nullptr : before, base.now, base.context);
  if (image.base_image) base.debian.add_to_foreign_base(variant, image);
}

}  // namespace

Lock resolve_lock(const Spec& spec, const std::optional<Lock>& previous, const Upgrade& upgrade,
                  const ResolveContext& context) {
  Lock lock;
  lock.tools = pinned_resolver();
  DebianResolver debian(context);
  UvFactory resolvers(context, debian);
  KnownSizes sizes = sizes_of(previous);
  for (const SpecVariant& variant : spec.variants) {
    for (const oci::Platform& platform : spec.platforms) {
      LockedImage image;
      image.variant = variant.name;
      image.platform = platform;
      image.spec_digest = locked_part_digest(spec, variant);
      image.spec_part = locked_part_json(spec, variant);
      resolve_base(spec, variant, image, {previous, upgrade, lock, debian, context});
      if (needs_resolver(variant))
        PythonResolver(context, variant, image, resolvers.get(variant), sizes)
            .resolve(preferences_for(image, previous, upgrade, lock),
                     build_preferences_for(image, previous, upgrade, lock));
      if (image.base_image && !image.sdists.empty()) debian.add_build_root(variant, image);
      if (previous) keep_releases(*previous, image);
      lock.images.push_back(std::move(image));
    }
  }
  return lock;
}

}  // namespace mlbuild
