#include "mlbuild/inspect/conflicts.hpp"

#include "image_tree.hpp"
#include "package_files.hpp"
#include "python_place.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/machine.hpp"
#include "mlbuild/python/marker.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/requirement.hpp"
#include "mlbuild/python/version.hpp"
#include "mlbuild/python/wheel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

namespace mlbuild {
namespace {

struct Distribution {
  std::string name;   ///< normalised
  std::string label;  ///< "pandas 2.2.2"
  python::Metadata metadata;
  std::map<std::string, std::string> files;  ///< path in the image -> hash as RECORD has it
};

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::map<std::string, std::string> recorded_files(std::string_view site, std::string_view record) {
  std::map<std::string, std::string> files;
  for (const python::RecordRow& row : python::parse_record(record)) {
    const std::string path = (std::filesystem::path(site) / row.path).lexically_normal().string();
    if (!path.starts_with("../")) files.emplace(path, row.hash_value);
  }
  return files;
}

std::vector<Distribution> installed(const ImageTree& tree) {
  std::vector<Distribution> found;
  for (const auto& [path, text] : tree.texts()) {
    if (!is_metadata(path)) continue;
    try {  // somebody else's image: what cannot be read is nobody's requirement
      Distribution distribution;
      distribution.metadata = python::Metadata::parse(text);
      distribution.name = python::normalize_name(distribution.metadata.name);
      distribution.label = distribution.name + " " + distribution.metadata.version;
      const std::string info(directory_of(path));
      const auto record = tree.texts().find(info + "/RECORD");
      if (record != tree.texts().end()) distribution.files = recorded_files(directory_of(info), record->second);
      found.push_back(std::move(distribution));
    } catch (const Error&) {
      continue;
    }
  }
  return found;
}

/// Debian's packages tell the patch version, docker's images say it in a variable.
std::string full_version(const std::string& minor, const ImageContents& contents, const oci::ImageConfig& config) {
  constexpr std::string_view kVariable = "PYTHON_VERSION=";
  for (const std::string& variable : config.env) {
    if (variable.starts_with(std::string(kVariable) + minor)) return variable.substr(kVariable.size());
  }
  for (const ContentPackage& package : contents.packages) {
    if (package.kind == "deb" && package.name == "python" + minor && package.version.starts_with(minor + "."))
      return package.version.substr(0, package.version.find_first_not_of("0123456789."));
  }
  return minor + ".0";
}

class Finder {
 public:
  Finder(const std::vector<LayerScan>& layers, const ImageContents& contents, const oci::ImageConfig& config)
      : tree_(layers), python_(find_python(tree_)), all_(installed(tree_)) {
    environment_.machine = oci::machine_of(config.platform);
    if (!python_.version.empty()) environment_.python_full_version = full_version(python_.version, contents, config);
    for (const Distribution& distribution : all_) by_name_[distribution.name].push_back(&distribution);
  }

  std::vector<Conflict> run(const LibraryReport& libraries) {
    find_twice();
    for (const Distribution& distribution : all_) {
      check_python(distribution);
      for (const std::string& text : distribution.metadata.requires_dist) check_requirement(distribution, text);
    }
    find_collisions();
    find_foreign_modules();
    find_new_c_library(libraries);
    return std::move(conflicts_);
  }

 private:
  void find_twice() {
    for (const auto& [name, distributions] : by_name_) {
      std::set<std::string> labels;
      for (const Distribution* one : distributions) labels.insert(one->label);
      if (labels.size() < 2) continue;
      conflicts_.push_back({Conflict::Kind::Twice,
                            {labels.begin(), labels.end()},
                            fmt::format("`{}` is installed in more than one version", name),
                            "install it once: remove one, or take a base without it",
                            {}});
    }
  }

  void check_python(const Distribution& distribution) {
    const std::string& wanted = distribution.metadata.requires_python;
    const auto version = python::Version::parse(environment_.python_full_version);
    if (wanted.empty() || python_.version.empty() || !version) return;
    try {
      if (python::satisfies(*version, wanted)) return;
    } catch (const Error&) {
      return;  // as pip: nonsense is no demand
    }
    conflicts_.push_back({Conflict::Kind::Python,
                          {distribution.label},
                          fmt::format("{} is for Python {}, the image has {}", distribution.label, printable(wanted),
                                      environment_.python_full_version),
                          fmt::format("take another version of `{}`, or of `base.python`", distribution.name),
                          {}});
  }

  void check_requirement(const Distribution& distribution, const std::string& text) {
    Diagnostics ignored;
    const auto requirement = python::parse_requirement(text, {}, ignored);
    if (!requirement || requirement->name.empty()) return;
    try {
      if (!python::marker_holds(requirement->marker, environment_)) return;
      check_requirement(distribution, *requirement);
    } catch (const Error&) {
      return;  // a specifier or marker of old times
    }
  }

  void check_requirement(const Distribution& distribution, const python::Requirement& requirement) {
    const std::string wanted = requirement.name + requirement.specifier;
    const auto there = by_name_.find(requirement.name);
    if (there == by_name_.end()) {
      conflicts_.push_back({Conflict::Kind::Missing,
                            {distribution.label},
                            fmt::format("{} needs `{}`, which is not installed", distribution.label, wanted),
                            fmt::format("requirements: {{runtime: [\"{}\"]}}", wanted),
                            {}});
      return;
    }
    const Distribution& other = *there->second.front();
    const auto version = python::Version::parse(other.metadata.version);
    if (!version || python::satisfies(*version, requirement.specifier)) return;
    conflicts_.push_back({Conflict::Kind::Version,
                          {distribution.label, other.label},
                          fmt::format("{} needs `{}`, but {} is installed", distribution.label, wanted, other.label),
                          fmt::format("requirements: {{runtime: [\"{}\"]}}", wanted),
                          {}});
  }

  /// Pairs of distributions with paths in common: of different content, or a whole import package.
  void find_collisions() {
    std::map<std::string_view, std::vector<const Distribution*>> owners;
    for (const Distribution& distribution : all_) {
      for (const auto& [path, hash] : distribution.files) owners[path].push_back(&distribution);
    }
    struct Shared {
      std::vector<std::string> files, different;
    };
    std::map<std::pair<const Distribution*, const Distribution*>, Shared> pairs;
    for (const auto& [path, distributions] : owners) {
      if (distributions.size() < 2 || path.find(".dist-info/") != std::string_view::npos || path.ends_with(".pyc"))
        continue;
      Shared& shared = pairs[{distributions[0], distributions[1]}];
      shared.files.emplace_back(path);
      if (distributions[0]->files.at(std::string(path)) != distributions[1]->files.at(std::string(path)))
        shared.different.emplace_back(path);
    }
    for (const auto& [pair, shared] : pairs) add_collision(*pair.first, *pair.second, shared.files, shared.different);
  }

  void add_collision(const Distribution& one, const Distribution& other, const std::vector<std::string>& files,
                     const std::vector<std::string>& different) {
    if (one.name == other.name) return;  // told already
    const std::string fix =
        fmt::format("keep one of `{}` and `{}`; what needs the other may do with it", one.name, other.name);
    const auto module =
        std::ranges::find_if(files, [](const std::string& path) { return path.ends_with("/__init__.py"); });
    // A namespace package of the old kind shares its one __init__.py, and nothing else.
    if (module != files.end() && files.size() > 1) {
      const std::string name = std::filesystem::path(*module).parent_path().filename();
      conflicts_.push_back({Conflict::Kind::Import,
                            {one.label, other.label},
                            fmt::format("{} and {} both bring `import {}`: {} files are those of whichever came last",
                                        one.label, other.label, name, files.size()),
                            fix,
                            files});
    } else if (!different.empty()) {
      conflicts_.push_back({Conflict::Kind::Collision,
                            {one.label, other.label},
                            fmt::format("{} and {} bring different files for one path: `{}`{}", one.label, other.label,
                                        printable(different.front()),
                                        different.size() > 1 ? fmt::format(" and {} more", different.size() - 1) : ""),
                            fix,
                            different});
    }
  }

  /// A module for another Python is no mistake where the same one for this Python lies beside it.
  void find_foreign_modules() {
    if (python_.version.empty()) return;
    std::set<std::string> fitting;
    std::map<std::string, std::string> foreign;
    for (const auto& [path, object] : tree_.objects()) {
      if (path.find("-packages/") == std::string::npos) continue;
      const ModuleTag tag = module_tag(path.substr(path.rfind('/') + 1), python_.version, environment_.machine);
      const std::string module = std::string(directory_of(path)).append("/").append(module_name(path));
      if (tag == ModuleTag::This || tag == ModuleTag::Plain) fitting.insert(module);
      if (tag == ModuleTag::OtherAbi || tag == ModuleTag::OtherHost) foreign.try_emplace(module, path);
    }
    std::map<std::string, Conflict> by_package;
    for (const auto& [module, path] : foreign) {
      if (fitting.contains(module)) continue;
      const std::string label = owner_of(path);
      Conflict& conflict = by_package[label];
      conflict.kind = Conflict::Kind::Abi;
      conflict.packages = {label};
      conflict.files.push_back(path);
      conflict.text = fmt::format("{} has extension modules that Python {} on {} cannot import: `{}`",
                                  label.empty() ? "the image" : label, python_.version, environment_.machine,
                                  printable(conflict.files.front()));
      conflict.fix = "take the wheel for the image's Python and platform";
    }
    for (auto& [label, conflict] : by_package) conflicts_.push_back(std::move(conflict));
  }

  std::string owner_of(const std::string& path) const {
    const auto owner = std::ranges::find_if(all_, [&](const Distribution& one) { return one.files.contains(path); });
    return owner == all_.end() ? "" : owner->label;
  }

  void find_new_c_library(const LibraryReport& libraries) {
    for (const LibraryProblem& problem : libraries.problems) {
      const bool is_glibc = problem.kind == LibraryProblem::Kind::Version && problem.version.starts_with("GLIBC_");
      if (!is_glibc || problem.certainty != Certainty::Certain) continue;
      conflicts_.push_back({Conflict::Kind::CLibrary,
                            {problem.package},
                            fmt::format("{} needs {}, which the image's `{}` does not have",
                                        problem.package.empty() ? problem.roots.front() : problem.package,
                                        problem.version, problem.library),
                            "take an older version of the package, or a base with a newer C library",
                            problem.roots});
    }
  }

  const ImageTree tree_;
  const PythonPlace python_;
  const std::vector<Distribution> all_;
  std::map<std::string, std::vector<const Distribution*>> by_name_;
  python::MarkerEnvironment environment_;
  std::vector<Conflict> conflicts_;
};

}  // namespace

std::string_view kind_name(Conflict::Kind kind) {
  switch (kind) {
    case Conflict::Kind::Missing:
      return "missing";
    case Conflict::Kind::Version:
      return "version";
    case Conflict::Kind::Python:
      return "python";
    case Conflict::Kind::Twice:
      return "twice";
    case Conflict::Kind::Collision:
      return "collision";
    case Conflict::Kind::Import:
      return "import";
    case Conflict::Kind::Abi:
      return "abi";
    case Conflict::Kind::CLibrary:
      return "glibc";
  }
  return {};
}

std::vector<Conflict> find_conflicts(const std::vector<LayerScan>& layers, const ImageContents& contents,
                                     const LibraryReport& libraries, const oci::ImageConfig& config) {
  return Finder(layers, contents, config).run(libraries);
}

}  // namespace mlbuild
