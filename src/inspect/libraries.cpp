#include "mlbuild/inspect/libraries.hpp"

#include "image_tree.hpp"
#include "loader.hpp"
#include "python_place.hpp"

#include "mlbuild/elf/driver_libraries.hpp"
#include "mlbuild/oci/machine.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace mlbuild {
namespace {

constexpr std::array<std::string_view, 6> kProgramDirectories = {
    "usr/local/bin", "usr/local/sbin", "usr/bin", "usr/sbin", "bin", "sbin"};
/// Modules that their package tries to import and does without, by the end of their path before the tag, and programs
/// that only installers run (bases without a package manager have no libraries for them). Modules of the standard
/// library are like these: Python without Tk or readline is no mistake.
constexpr std::array<std::string_view, 3> kOptional = {"numba/np/ufunc/omppool", "numba/np/ufunc/tbbpool",
                                                       "usr/sbin/update-passwd"};
constexpr std::string_view kStandardModules = "/lib-dynload/";

bool is_optional(std::string_view path) {
  const std::string_view untagged = path.substr(0, path.find('.', path.rfind('/') + 1));
  return path.find(kStandardModules) != std::string_view::npos ||
         std::ranges::any_of(kOptional, [&](std::string_view file) { return untagged.ends_with(file); });
}

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view file_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// ".../site-packages/lightgbm" of a file in the package; "" for what is in none.
std::string_view package_directory(std::string_view path) {
  constexpr std::string_view kSite = "-packages/";
  const auto site = path.find(kSite);
  if (site == std::string_view::npos) return {};
  const auto end = path.find('/', site + kSite.size());
  return end == std::string_view::npos ? std::string_view() : path.substr(0, end);
}

/// What is followed, and how sure it is to be loaded.
struct Root {
  std::string path;
  bool in_python = false;  ///< loaded by the interpreter, beside what that has
  Certainty certainty = Certainty::Certain;
};

class Checker {
 public:
  Checker(const std::vector<LayerScan>& layers, const ImageContents& contents, const oci::ImageConfig& config)
      : tree_(layers),
        contents_(contents),
        paths_(loader_paths(tree_, config)),
        python_(find_python(tree_)),
        machine_(elf::machine_of(config.platform.architecture).value_or(0)),
        machine_word_(oci::machine_of(config.platform)),
        interpreter_(tree_, paths_) {
    if (!python_.program.empty()) interpreter_.load(python_.program);
    for (const auto& [path, object] : tree_.objects()) {
      names_.insert(object->soname);
      names_.emplace(file_of(path));
    }
    note_loaded_by_name();
  }

  LibraryReport run() {
    report_.objects = tree_.objects().size();
    report_.python = python_.version;
    std::vector<std::string> rest;
    for (const auto& [path, object] : tree_.objects()) {
      if (const std::optional<Root> root = certain_root(path, *object))
        follow(*root);
      else
        rest.push_back(path);
    }
    report_.roots = roots_;
    for (const std::string& path : rest) {
      if (!reached_.contains(path) && tree_.object(path)->machine == machine_ && !is_stale_module(path)) {
        follow({path, package_directory(path) != "", Certainty::Perhaps});
      }
    }
    for (auto& [key, problem] : problems_) report_.problems.push_back(std::move(problem));
    return std::move(report_);
  }

 private:
  void note_loaded_by_name() {
    std::set<std::string_view> callers;
    for (const auto& [path, loads] : tree_.python_loads()) {
      if (loads->calls) callers.insert(package_directory(path));
    }
    for (const auto& [path, loads] : tree_.python_loads()) {
      const std::string_view package = package_directory(path);
      if (package.empty() || !callers.contains(package)) continue;
      for (const std::string& name : loads->names) loaded_by_name_.emplace(package, name);
    }
  }

  ModuleTag tag_of(const std::string& path) const { return module_tag(file_of(path), python_.version, machine_word_); }

  bool is_stale_module(const std::string& path) const {
    const ModuleTag tag = tag_of(path);
    return tag == ModuleTag::OtherAbi || tag == ModuleTag::OtherHost;
  }

  std::optional<Root> certain_root(const std::string& path, const elf::Object& object) const {
    const bool is_program = !object.interpreter.empty() &&
                            std::ranges::find(kProgramDirectories, directory_of(path)) != kProgramDirectories.end();
    if (is_program) return Root{path, false, is_optional(path) ? Certainty::Perhaps : Certainty::Certain};
    if (python_.program.empty()) return std::nullopt;
    const ModuleTag tag = tag_of(path);
    const bool says_so = std::ranges::find(object.python_init, module_name(path)) != object.python_init.end();
    if (tag == ModuleTag::This || (tag == ModuleTag::Plain && says_so)) {
      return Root{path, true, is_optional(path) ? Certainty::Perhaps : Certainty::Certain};
    }
    const std::pair<std::string_view, std::string_view> name(package_directory(path), file_of(path));
    if (!name.first.empty() && loaded_by_name_.contains(name)) return Root{path, true, Certainty::Certain};
    return std::nullopt;
  }

  void follow(const Root& root) {
    if (root.certainty == Certainty::Certain) ++roots_;
    if (root.in_python && tree_.object(root.path)->machine != machine_ && machine_ != 0) {
      add(root, LibraryProblem::Kind::OtherMachine, std::string(file_of(root.path)), "", root.path, {root.path});
      return;
    }
    Process process = root.in_python && !python_.program.empty() ? interpreter_ : Process(tree_, paths_);
    const std::size_t first = process.loaded().size(), first_failure = process.failures().size();
    process.load(root.path);
    for (std::size_t i = first; i < process.loaded().size(); ++i) reached_.insert(process.loaded()[i].path);
    for (std::size_t i = first_failure; i < process.failures().size(); ++i) {
      const Process::Failure& failure = process.failures()[i];
      add(root, failure.other_machine.empty() ? LibraryProblem::Kind::Missing : LibraryProblem::Kind::OtherMachine,
          failure.library, "", failure.other_machine, process.chain(failure.needed_by));
    }
    for (const Process::MissingVersion& missing : process.missing_versions(first)) {
      const Process::Loaded& library = process.loaded()[missing.library];
      add(root, LibraryProblem::Kind::Version, std::string(file_of(library.name)), missing.version, library.path,
          process.chain(missing.needed_by));
    }
  }

  Certainty certainty_of(const Root& root, LibraryProblem::Kind kind, const std::string& library) const {
    if (elf::is_driver_library(library)) return Certainty::Driver;
    if (kind == LibraryProblem::Kind::Missing && names_.contains(library)) return Certainty::Sibling;
    return root.certainty;
  }

  /// One problem for each library and package, however many of its modules meet it.
  void add(const Root& root, LibraryProblem::Kind kind, const std::string& library, const std::string& version,
           const std::string& found, std::vector<std::string> chain) {
    const Certainty certainty = certainty_of(root, kind, library);
    const std::string package = package_of(root.path);
    const auto [at, is_new] = problems_.try_emplace(std::tuple(certainty, package, library, version, kind));
    LibraryProblem& problem = at->second;
    problem.roots.push_back(root.path);
    if (!is_new) return;
    problem.kind = kind;
    problem.certainty = certainty;
    problem.library = library;
    problem.version = version;
    problem.found = found;
    problem.chain = std::move(chain);
    problem.package = package;
    if (kind == LibraryProblem::Kind::Missing && certainty != Certainty::Driver && certainty != Certainty::Sibling)
      problem.advice = packages_.find(library);
  }

  std::string package_of(const std::string& path) const {
    const auto file = std::ranges::lower_bound(contents_.files, path, {}, &ContentFile::path);
    if (file == contents_.files.end() || file->path != path) return {};
    const ContentPackage& package = contents_.packages[file->package];
    return package.name.empty() ? "" : package.kind + " " + package.name + " " + package.version;
  }

  const ImageTree tree_;
  const ImageContents& contents_;
  const LoaderPaths paths_;
  const PythonPlace python_;
  const std::uint16_t machine_;
  const std::string machine_word_;
  const LibraryPackages packages_;
  Process interpreter_;
  std::set<std::string> names_;                                             ///< that objects of the image have
  std::set<std::pair<std::string_view, std::string_view>> loaded_by_name_;  ///< package, file
  std::set<std::string> reached_;
  std::map<std::tuple<Certainty, std::string, std::string, std::string, LibraryProblem::Kind>, LibraryProblem>
      problems_;
  std::size_t roots_ = 0;
  LibraryReport report_;
};

}  // namespace

std::string_view certainty_name(Certainty certainty) {
  switch (certainty) {
    case Certainty::Certain:
      return "error";
    case Certainty::Sibling:
      return "sibling";
    case Certainty::Perhaps:
      return "perhaps";
    case Certainty::Driver:
      return "driver";
  }
  return {};
}

std::string_view kind_name(LibraryProblem::Kind kind) {
  switch (kind) {
    case LibraryProblem::Kind::Missing:
      return "missing";
    case LibraryProblem::Kind::OtherMachine:
      return "machine";
    case LibraryProblem::Kind::Version:
      return "version";
  }
  return {};
}

bool LibraryReport::has_errors() const {
  return std::ranges::any_of(problems,
                             [](const LibraryProblem& problem) { return problem.certainty == Certainty::Certain; });
}

LibraryReport check_libraries(const std::vector<LayerScan>& layers, const ImageContents& contents,
                              const oci::ImageConfig& config) {
  return Checker(layers, contents, config).run();
}

}  // namespace mlbuild
