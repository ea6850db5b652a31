#include "mlbuild/debian/packages_index.hpp"

#include "packages_index_state.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/control.hpp"
#include "mlbuild/debian/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mlbuild::debian {
namespace {

constexpr std::size_t kPackageLimit = 1U << 20U;  // bookworm has 66,000

std::uint64_t parse_number(std::string_view text, std::string_view field) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) {
    throw Error(ErrorKind::Foreign, fmt::format("field `{}` is no number: `{}`", field, printable(text.substr(0, 40))));
  }
  return value;
}

/// `Filename` is joined to a mirror's URL and kept in locks.
void check_path(std::string_view path) {
  bool good = !path.empty() && path.front() != '/';
  for (const std::string_view part : split(path, '/')) {
    good = good && !part.empty() && part != "." && part != "..";
  }
  good =
      good && std::all_of(path.begin(), path.end(), [](char c) { return c > 32 && c < 127 && c != '?' && c != '#'; });
  if (!good)
    throw Error(ErrorKind::Foreign, fmt::format("unsafe path `{}` in a package index", printable(path.substr(0, 200))));
}

Package read_package(const Stanza& stanza, std::string_view suite) {
  const auto text = [&](std::string_view name) { return std::string(stanza.get(name)); };
  Package package;
  package.name = text("Package");
  package.version = text("Version");
  package.architecture = text("Architecture");
  if (package.name.empty() || package.version.empty() || package.architecture.empty()) {
    throw Error(ErrorKind::Foreign, "a package index entry lacks `Package`, `Version` or `Architecture`");
  }
  // "Source: glibc (2.36-9)": the version is only there when it differs.
  package.source = std::string(trim(stanza.get("Source").substr(0, stanza.get("Source").find('('))));
  if (package.source.empty()) package.source = package.name;
  package.priority = text("Priority");
  package.essential = stanza.get("Essential") == "yes";
  package.multi_arch = text("Multi-Arch");
  package.depends = text("Depends");
  package.pre_depends = text("Pre-Depends");
  package.provides = text("Provides");
  package.conflicts = text("Conflicts");
  package.breaks = text("Breaks");
  package.replaces = text("Replaces");
  package.filename = text("Filename");
  check_path(package.filename);
  package.suite = std::string(suite);
  package.size_bytes = parse_number(stanza.get("Size"), "Size");
  if (const auto size = stanza.get("Installed-Size"); !size.empty()) {
    package.installed_size_kib = parse_number(size, "Installed-Size");
  }
  package.sha256 = BlobDigest::parse(stanza.get("SHA256"));
  return package;
}

}  // namespace

const std::vector<Provider>& PackagesIndex::State::providers_of(std::string_view name) const {
  static const std::vector<Provider> kNone;
  const auto found = providers.find(name);
  return found == providers.end() ? kNone : found->second;
}

void PackagesIndex::State::collect_providers() {
  providers.clear();
  for (const Package& package : packages) {
    if (package.provides.empty() || candidates.at(package.name) != &package) continue;
    for (const DependencyGroup& group : parse_dependencies(package.provides)) {
      const Dependency& provided = group.front();
      // A key must live as long as the index, so it points into the package's own field; any place with that text will
      // do.
      const auto at = package.provides.find(provided.name);
      providers[std::string_view(package.provides).substr(at, provided.name.size())].push_back(
          {&package, provided.version});
    }
  }
}

PackagesIndex::PackagesIndex() : state_(std::make_unique<State>()) {}
PackagesIndex::~PackagesIndex() = default;
PackagesIndex::PackagesIndex(PackagesIndex&&) noexcept = default;

void PackagesIndex::add(Source& packages_text, std::string_view suite) {
  StanzaReader reader(packages_text);
  Stanza stanza;
  while (reader.next(stanza)) {
    if (state_->packages.size() >= kPackageLimit) throw Error(ErrorKind::Foreign, "package index has too many entries");
    const Package& package = with_context(
        [&] { return fmt::format("reading package `{}` of suite `{}`", printable(stanza.get("Package")), suite); },
        [&]() -> const Package& { return state_->packages.emplace_back(read_package(stanza, suite)); });
    const auto [known, is_new] = state_->candidates.try_emplace(package.name, &package);
    // The key stays the first package's name: equal text, and packages are never removed.
    if (!is_new && compare_versions(package.version, known->second->version) > 0) known->second = &package;
  }
  state_->collect_providers();
}

const Package* PackagesIndex::find(std::string_view name) const {
  const auto found = state_->candidates.find(name);
  return found == state_->candidates.end() ? nullptr : found->second;
}

std::vector<std::string> PackagesIndex::names() const {
  std::vector<std::string> names;
  names.reserve(state_->candidates.size());
  for (const auto& [name, package] : state_->candidates) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::size_t PackagesIndex::size() const { return state_->candidates.size(); }

}  // namespace mlbuild::debian
