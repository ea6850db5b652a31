#pragma once

#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/lock/resolve.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// Answers the Debian part of a spec. Each suite and architecture is fetched once.
class DebianResolver {
 public:
  explicit DebianResolver(const ResolveContext& context) : context_(context) {}

  /// Fills releases, base, interpreter and system packages of `image`, whose platform is set. An unknown package is
  /// Error{Spec} at the spec's line.
  void resolve(const SpecVariant& variant, LockedImage& image);

  /// The same for a base that mlbuild did not make: what `system.runtime` needs and its dpkg database does not have.
  void add_to_foreign_base(const SpecVariant& variant, LockedImage& image);
  /// The root that source distributions are built in for such a base: Debian's with the same interpreter.
  void add_build_root(const SpecVariant& variant, LockedImage& image);

  /// The interpreter and its libraries for this machine, whatever the image's platform: what the Python resolver runs
  /// on.
  std::vector<LockedDeb> tool_root(const SpecVariant& variant);

 private:
  const DebianIndex& index(const std::string& suite, const std::string& architecture);

  const ResolveContext& context_;
  std::map<std::pair<std::string, std::string>, DebianIndex> indexes_;
};

/// The upstream part of a Debian version that begins like a release number: "1:3.11.2-6+deb12u7" -> "3.11.2".
std::string upstream_release(std::string_view debian_version);

}  // namespace mlbuild
