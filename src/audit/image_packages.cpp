#include "image_packages.hpp"

#include "marker.hpp"

#include "mlbuild/audit/audit_image.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/control.hpp"
#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/wheel.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>

namespace mlbuild {
namespace {

constexpr std::string_view kCache = "/__pycache__/";

struct Distribution {
  python::Metadata metadata;
  std::vector<python::Requirement> requirements;
};

std::map<std::string, Distribution> distributions_of(const ImageContents& contents) {
  std::map<std::string, Distribution> found;
  for (const auto& [path, text] : contents.texts) {
    if (!path.ends_with(".dist-info/METADATA")) continue;
    try {
      Distribution distribution{python::Metadata::parse(text), {}};
      for (const std::string& line : distribution.metadata.requires_dist) {
        Diagnostics ignored;
        if (auto requirement = python::parse_requirement(line, {}, ignored)) {
          distribution.requirements.push_back(std::move(*requirement));
        }
      }
      found.try_emplace(python::normalize_name(distribution.metadata.name), std::move(distribution));
    } catch (const Error&) {  // somebody else's image: what cannot be read is no package
    }
  }
  return found;
}

/// What needs what; an extra counts where somebody asks for it.
class Needs {
 public:
  Needs(const std::map<std::string, Distribution>& distributions, python::MarkerEnvironment environment)
      : distributions_(distributions), environment_(std::move(environment)) {
    for (const auto& [name, distribution] : distributions_) visit(name, "");
    while (!open_.empty()) {
      const auto [name, extra] = open_.front();
      open_.pop_front();
      follow(name, extra);
    }
  }
  const std::set<std::string>& of(const std::string& name) { return needs_[name]; }

 private:
  void visit(const std::string& name, const std::string& extra) {
    if (distributions_.contains(name) && seen_.emplace(name, extra).second) open_.emplace_back(name, extra);
  }
  void follow(const std::string& name, const std::string& extra) {
    environment_.extra = extra;
    for (const python::Requirement& requirement : distributions_.at(name).requirements) {
      if (!may_hold(requirement.marker, environment_)) continue;
      if (!distributions_.contains(requirement.name)) continue;
      needs_[name].insert(requirement.name);
      for (const std::string& wanted : requirement.extras) visit(requirement.name, wanted);
    }
  }

  const std::map<std::string, Distribution>& distributions_;
  python::MarkerEnvironment environment_;
  std::map<std::string, std::set<std::string>> needs_;
  std::set<std::pair<std::string, std::string>> seen_;
  std::deque<std::pair<std::string, std::string>> open_;
};

bool is_status(std::string_view path) {
  return path == "var/lib/dpkg/status" || (path.starts_with("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums"));
}

struct Deb {
  std::string version;
  bool required = false;
  std::vector<debian::DependencyGroup> needs;
};

std::vector<debian::DependencyGroup> groups_of(std::string_view field) {
  try {
    return debian::parse_dependencies(field);
  } catch (const Error&) {
    return {};
  }
}

class Status {
 public:
  void add(std::string_view text) {
    try {
      SpanSource source(as_bytes(text));
      debian::StanzaReader reader(source);
      for (debian::Stanza stanza; reader.next(stanza);) add(stanza);
    } catch (const Error&) {  // somebody else's image
    }
  }
  const std::map<std::string, Deb>& debs() const { return debs_; }

  std::set<std::string> needs_of(const Deb& deb) const {
    std::set<std::string> needs;
    for (const debian::DependencyGroup& group : deb.needs) {
      if (const std::string name = first_there(group); !name.empty()) needs.insert(name);
    }
    return needs;
  }

 private:
  void add(const debian::Stanza& stanza) {
    const std::string_view state = stanza.get("Status");
    if (!state.empty() && !state.ends_with(" installed")) return;
    const std::string name(stanza.get("Package"));
    Deb deb;
    deb.version = stanza.get("Version");
    deb.required = stanza.get("Essential") == "yes" || stanza.get("Priority") == "required";
    for (const std::string_view field : {"Depends", "Pre-Depends"}) {
      std::ranges::move(groups_of(stanza.get(field)), std::back_inserter(deb.needs));
    }
    for (const debian::DependencyGroup& group : groups_of(stanza.get("Provides"))) {
      for (const debian::Dependency& provided : group) providers_.emplace(provided.name, name);
    }
    debs_.insert_or_assign(name, std::move(deb));
  }
  std::string first_there(const debian::DependencyGroup& group) const {
    for (const debian::Dependency& one : group) {
      if (debs_.contains(one.name)) return one.name;
    }
    for (const debian::Dependency& one : group) {
      const auto provider = providers_.find(one.name);
      if (provider != providers_.end()) return provider->second;
    }
    return {};
  }

  std::map<std::string, Deb> debs_;
  std::map<std::string, std::string> providers_;
};

/// "3.11" of ".../python3.11/site-packages/..."
std::optional<std::string> version_in(std::string_view path) {
  constexpr std::string_view kPython = "/python3.";
  const auto at = path.find(kPython);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = at + kPython.size() - 2;
  const std::size_t end = path.find('/', begin);
  return std::string(path.substr(begin, end - begin));
}

}  // namespace

std::string source_of_bytecode(std::string_view path) {
  const auto cache = path.rfind(kCache);
  if (cache == std::string_view::npos || !path.ends_with(".pyc")) return {};
  const std::string_view file = path.substr(cache + kCache.size());
  return std::string(path.substr(0, cache)).append("/").append(file.substr(0, file.find('.'))).append(".py");
}

std::string python_version_of(const ImageContents& contents) {
  std::string found = "3.11";
  for (const auto& [path, text] : contents.texts) {
    if (!path.ends_with(".dist-info/METADATA")) continue;
    if (const auto version = version_in(path)) found = *version;
  }
  return found;
}

ImagePackages::ImagePackages(const ImageContents& contents, const std::string& machine) {
  give_files(contents);
  read_wheels(contents, machine);
  read_debs(contents);
}

void ImagePackages::give_files(const ImageContents& contents) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < contents.files.size(); ++i) places.emplace(contents.files[i].path, i);
  for (const ContentPackage& package : contents.packages) {
    owners_.push_back({package.kind, package.kind == "wheel" ? python::normalize_name(package.name) : package.name});
  }
  for (std::size_t i = 0; i < contents.files.size(); ++i) {
    const ContentFile& file = contents.files[i];
    std::size_t owner = file.package;
    if (owners_[owner].kind == "files") {
      const auto source = places.find(source_of_bytecode(file.path));
      if (source != places.end()) owner = contents.files[source->second].package;
    }
    owner_of_.push_back(owner);
    bytes_[{owners_[owner].kind, owners_[owner].name}] += file.bytes;
    if (owners_[owner].kind == "wheel") wheel_files_[owners_[owner].name].push_back(i);
  }
}

SavedBytes ImagePackages::bytes_of(const std::string& kind, const std::string& name) const {
  const auto found = bytes_.find({kind, name});
  if (found == bytes_.end()) return {0, 0};
  return {found->second.compressed_bytes, found->second.plain_bytes};
}

const std::vector<std::size_t>& ImagePackages::files_of_wheel(const std::string& name) const {
  static const std::vector<std::size_t> kNone;
  const auto found = wheel_files_.find(name);
  return found == wheel_files_.end() ? kNone : found->second;
}

void ImagePackages::read_wheels(const ImageContents& contents, const std::string& machine) {
  std::set<std::string> requested;
  for (const ContentFile& file : contents.files) {
    if (!file.path.ends_with(".dist-info/REQUESTED")) continue;
    const std::string info(parent_of(file.path));  // not one that lies inside of the package that owns it
    if (contents.texts.contains(info + "/METADATA")) requested.insert(owners_[file.package].name);
  }
  python_version_ = python_version_of(contents);
  const std::map<std::string, Distribution> distributions = distributions_of(contents);
  Needs needs(distributions, {python_version_, machine, ""});
  for (const auto& [name, distribution] : distributions) {
    GraphPackage package{name, distribution.metadata.version, bytes_of("wheel", name), needs.of(name), {}, {}};
    package.wanted = requested.contains(name);
    wheels_.add(std::move(package));
  }
  wheels_.find_wanted();
}

void ImagePackages::read_debs(const ImageContents& contents) {
  Status status;
  for (const auto& [path, text] : contents.texts) {
    if (is_status(path)) status.add(text);
  }
  for (const auto& [name, deb] : status.debs()) {
    debs_.add({name, deb.version, bytes_of("deb", name), status.needs_of(deb), deb.required, {}});
  }
  debs_.find_wanted();
}

}  // namespace mlbuild
