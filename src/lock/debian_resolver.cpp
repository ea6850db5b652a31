#include "debian_resolver.hpp"

#include "host.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/debian/base_set.hpp"
#include "mlbuild/debian/closure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

LockedDeb to_locked(const debian::ClosureMember& member) {
  const debian::Package& package = *member.package;
  return {package.name,     package.version, package.architecture, package.suite,
          package.filename, package.sha256,  package.size_bytes,   member.because};
}

std::vector<LockedDeb> resolve_names(const debian::PackagesIndex& index, const std::vector<std::string>& wanted,
                                     const std::map<std::string, std::string>& installed) {
  debian::ClosureRequest request;
  request.wanted = wanted;
  request.installed = installed;
  std::vector<LockedDeb> debs;
  for (const debian::ClosureMember& member : debian::resolve_closure(index, request)) debs.push_back(to_locked(member));
  return debs;
}

void add_installed(std::map<std::string, std::string>& installed, const std::vector<LockedDeb>& debs) {
  for (const LockedDeb& deb : debs) installed[deb.name] = deb.version;
}

/// The wanted package that the message names, else the first: one wrong word must not accuse its neighbours.
const Location& accused(const std::vector<Located<std::string>>& wanted, const std::string& message) {
  const auto named = std::find_if(wanted.begin(), wanted.end(), [&](const Located<std::string>& package) {
    return message.find("`" + package.value + "`") != std::string::npos;
  });
  return named == wanted.end() ? wanted.front().location : named->location;
}

std::vector<LockedDeb> resolve_system(const debian::PackagesIndex& index,
                                      const std::vector<Located<std::string>>& wanted,
                                      std::map<std::string, std::string>& installed) {
  if (wanted.empty()) return {};
  std::vector<std::string> names;
  for (const Located<std::string>& package : wanted) names.push_back(package.value);
  try {
    std::vector<LockedDeb> debs = resolve_names(index, names, installed);
    add_installed(installed, debs);
    return debs;
  } catch (Error& error) {
    throw error.at(accused(wanted, error.message()));
  }
}

std::vector<LockedDeb> resolve_base(const debian::PackagesIndex& index, const debian::BaseSet& set,
                                    const Located<std::string>& python) {
  const std::string interpreter = "python" + python.value;
  if (index.find(interpreter) == nullptr) {
    throw Error(ErrorKind::Spec, fmt::format("the suite has no package `{}`", interpreter))
        .at(python.location)
        .hint("bookworm has 3.11, trixie has 3.13");
  }
  try {
    return resolve_names(index, set.wanted, {});
  } catch (Error& error) {
    throw error.at(python.location);
  }
}

std::string version_of(const std::vector<LockedDeb>& debs, const std::string& name) {
  const auto found = std::find_if(debs.begin(), debs.end(), [&](const LockedDeb& deb) { return deb.name == name; });
  if (found == debs.end()) throw Error(ErrorKind::Foreign, fmt::format("the base has no package `{}`", name));
  return upstream_release(found->version);
}

LockedInterpreter find_interpreter(const std::vector<LockedDeb>& base, const std::string& python) {
  LockedInterpreter interpreter;
  interpreter.version = python;
  interpreter.full_version = version_of(base, "python" + python);
  interpreter.glibc = version_of(base, "libc6");
  return interpreter;
}

}  // namespace

std::string upstream_release(std::string_view version) {
  if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) version.remove_prefix(colon + 1);
  std::size_t end = 0;
  while (end < version.size() && ((version[end] >= '0' && version[end] <= '9') || version[end] == '.')) ++end;
  while (end > 0 && version[end - 1] == '.') --end;
  return std::string(version.substr(0, end));
}

const DebianIndex& DebianResolver::index(const std::string& suite, const std::string& architecture) {
  const auto key = std::pair(suite, architecture);
  if (const auto known = indexes_.find(key); known != indexes_.end()) return known->second;
  context_.on_activity(fmt::format("reading the package lists of {} for {}", suite, architecture));
  DebianIndex fetched = fetch_debian_index(context_.http, context_.store, context_.site.require_debian(), suite,
                                           architecture, context_.site.debian_keyring, context_.cancellation);
  return indexes_.emplace(key, std::move(fetched)).first->second;
}

void DebianResolver::resolve(const SpecVariant& variant, LockedImage& image) {
  const DebianIndex& debian = index(variant.base.suite.value, image.platform.architecture);
  const bool slim = variant.base.flavor == BaseFlavor::Slim;
  const debian::BaseSet set = debian::base_set(slim, variant.base.python.value);
  image.base_suite = variant.base.suite.value;
  image.base_flavor = slim ? "slim" : "distroless";
  for (const VerifiedRelease& release : debian.releases)
    image.releases.push_back({release.suite, release.in_release_digest, release.date});
  image.base = resolve_base(debian.packages, set, variant.base.python);
  image.interpreter = find_interpreter(image.base, variant.base.python.value);

  // What is dropped but only serves installing counts as there; a dropped library does not, so that who needs it brings
  // it.
  const std::set<std::string> dropped(set.dropped.begin(), set.dropped.end());
  std::map<std::string, std::string> installed;
  for (const LockedDeb& deb : image.base) {
    const bool is_dropped = dropped.contains(deb.name);
    if (is_dropped) image.base_dropped.push_back(deb.name);
    if (!is_dropped || debian::is_install_tool(deb.name)) installed[deb.name] = deb.version;
  }
  image.system_runtime = resolve_system(debian.packages, variant.system.runtime, installed);
  add_installed(installed, image.base);  // the build root has everything unpacked
  image.system_build = resolve_system(debian.packages, variant.system.build, installed);
}

std::vector<LockedDeb> DebianResolver::tool_root(const SpecVariant& variant) {
  const DebianIndex& debian = index(variant.base.suite.value, std::string(kHostArchitecture));
  const debian::BaseSet set = debian::base_set(false, variant.base.python.value);
  std::vector<LockedDeb> debs = resolve_base(debian.packages, set, variant.base.python);
  std::erase_if(debs, [&](const LockedDeb& deb) {
    return std::find(set.dropped.begin(), set.dropped.end(), deb.name) != set.dropped.end();
  });
  return debs;
}

}  // namespace mlbuild
