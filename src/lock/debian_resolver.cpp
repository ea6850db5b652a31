#include "debian_resolver.hpp"

#include "host.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/debian/base_set.hpp"
#include "mlbuild/debian/closure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

namespace mlbuild {
namespace {

LockedDeb to_locked(const debian::ClosureMember& member) {
  const debian::Package& package = *member.package;
  return {package.name,     package.version, package.architecture, package.suite,
          package.filename, package.sha256,  package.size_bytes,   member.because};
}

std::vector<LockedDeb> resolve_names(const debian::PackagesIndex& index, const std::vector<std::string>& wanted,
                                     const std::map<std::string, std::string>& installed,
                                     const char* newer_base = nullptr) {
  debian::ClosureRequest request;
  if (newer_base != nullptr) request.newer_base = newer_base;
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
                                      std::map<std::string, std::string>& installed, const char* newer_base = nullptr) {
  if (wanted.empty()) return {};
  std::vector<std::string> names;
  for (const Located<std::string>& package : wanted) names.push_back(package.value);
  try {
    std::vector<LockedDeb> debs = resolve_names(index, names, installed, newer_base);
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

namespace {

void note_releases(const DebianIndex& debian, LockedImage& image) {
  for (const VerifiedRelease& release : debian.releases)
    image.releases.push_back({release.suite, release.in_release_digest, release.date});
}

std::vector<LockedDeb> root_of(const debian::BaseSet& set, const DebianIndex& debian, const SpecVariant& variant) {
  std::vector<LockedDeb> debs = resolve_base(debian.packages, set, variant.base.python);
  std::erase_if(debs, [&](const LockedDeb& deb) { return std::ranges::binary_search(set.dropped, deb.name); });
  return debs;
}

/// A compiler wants a shell and its tools. Without one the interpreter is enough: half the bytes to fetch and unpack.
std::vector<LockedDeb> empty_build_root(const DebianIndex& debian, const SpecVariant& variant) {
  if (variant.system.build.empty()) return root_of(debian::interpreter_set(variant.base.python.value), debian, variant);
  return resolve_base(debian.packages, debian::base_set(true, variant.base.python.value), variant.base.python);
}

[[noreturn]] void refuse_packages(const SpecVariant& variant, const std::string& why, const std::string& hint) {
  const Located<std::string>& first = variant.system.runtime.front();
  throw Error(ErrorKind::Spec, fmt::format("package `{}` cannot be added to base `{}`: {}", first.value,
                                           variant.foreign_base->reference.value, why))
      .at(first.location)
      .hint(hint);
}

void check_takes_packages(const SpecVariant& variant, const LockedBaseDebian& base) {
  constexpr const char* kHint = "take a Debian base, or one that has what is needed, and remove `system.runtime`";
  if (base.distribution != "debian" || base.suite.empty()) {
    const std::string what = base.distribution.empty() ? "its os-release names no distribution"
                                                       : fmt::format("it is `{}`, not Debian", base.distribution);
    refuse_packages(variant, what, kHint);
  }
  if (base.database == "none") refuse_packages(variant, "it has no dpkg database that tells what is installed", kHint);
}

/// "2.36" as a pair, for comparing.
std::pair<unsigned, unsigned> glibc_version(const std::string& text) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* end = text.data() + text.size();
  const auto [dot, error] = std::from_chars(text.data(), end, major);
  if (error == std::errc() && dot != end) std::from_chars(dot + 1, end, minor);
  return {major, minor};
}

}  // namespace

void DebianResolver::add_to_foreign_base(const SpecVariant& variant, LockedImage& image) {
  if (variant.system.runtime.empty()) return;
  const LockedBaseDebian& base = image.base_image->debian;
  check_takes_packages(variant, base);
  const DebianIndex& debian = index(base.suite, image.platform.architecture);
  note_releases(debian, image);
  std::map<std::string, std::string> installed;
  for (const LockedBasePackage& package : base.packages) installed[package.name] = package.version;
  image.system_runtime = resolve_system(debian.packages, variant.system.runtime, installed,
                                        "take a newer base: `mlbuild lock --upgrade-all` reads its tag again");
}

void DebianResolver::add_build_root(const SpecVariant& variant, LockedImage& image) {
  const std::string& suite = variant.base.suite.value;
  const std::string& python = variant.base.python.value;
  const auto refuse = [&](const std::string& why) {
    const std::string& name = image.sdists.front().sdist.name;
    throw Error(ErrorKind::Spec, fmt::format("`{}` cannot be built from source for base `{}`: {}", name,
                                             variant.foreign_base->reference.value, why))
        .at(variant.foreign_base->reference.location)
        .hint(fmt::format("take a version that has a wheel, or a base with Python {} and the C library of {}, or newer",
                          python, suite));
  };
  if (image.interpreter.version != python) {
    refuse(fmt::format("it has Python {}, and mlbuild builds with {}", image.interpreter.version, python));
  }
  const DebianIndex& debian = index(suite, image.platform.architecture);
  std::map<std::string, std::string> installed;
  image.system_build = empty_build_root(debian, variant);
  const std::string glibc = version_of(image.system_build, "libc6");
  if (glibc_version(image.interpreter.glibc) < glibc_version(glibc)) {
    refuse(fmt::format("it has glibc {}, and what is built on {} needs {}", image.interpreter.glibc, suite, glibc));
  }
  if (image.releases.empty() || image.base_image->debian.suite != suite) note_releases(debian, image);
  add_installed(installed, image.system_build);
  for (const auto* wanted : {&variant.system.runtime, &variant.system.build}) {
    std::vector<LockedDeb> more = resolve_system(debian.packages, *wanted, installed);
    std::ranges::move(more, std::back_inserter(image.system_build));
  }
  std::ranges::sort(image.system_build, {}, &LockedDeb::name);
}

std::vector<LockedDeb> DebianResolver::tool_root(const SpecVariant& variant) {
  // With the certificates that a resolver wants.
  return root_of(debian::base_set(false, variant.base.python.value),
                 index(variant.base.suite.value, std::string(kHostArchitecture)), variant);
}

}  // namespace mlbuild
