#include "base_python.hpp"

#include "base_debian.hpp"
#include "debian_resolver.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::string directory_of(std::string_view path) { return std::string(parent_of(path)); }

std::vector<std::string> search_path(const oci::ImageConfig& config) {
  std::string path = kDefaultPath;
  for (const std::string& variable : config.env) {
    if (variable.starts_with("PATH=")) path = variable.substr(5);
  }
  std::vector<std::string> directories;
  for (const std::string_view directory : split(path, ':')) {
    if (directory.starts_with('/')) directories.emplace_back(directory.substr(1));
  }
  for (std::string& directory : directories) {
    while (directory.ends_with('/')) directory.pop_back();
  }
  // The directory goes into the first line of scripts, where nothing can be quoted.
  std::erase_if(directories, [](const std::string& directory) {
    return !why_unsafe_path(directory).empty() || directory.find(' ') != std::string::npos;
  });
  return directories;
}

bool is_program(const BaseTree::Node* node) { return node != nullptr && node->type == TarType::File; }

/// "3.11" of ".../bin/python3.11".
std::string minor_of(std::string_view name) {
  constexpr std::string_view kPython = "python";
  if (!name.starts_with(kPython)) return "";
  const std::string_view version = name.substr(kPython.size());
  return is_minor_python(version) ? std::string(version) : "";
}

bool is_usable(const LockedScheme& scheme) {
  return std::ranges::all_of(
      std::vector<std::string>{scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers, scheme.data},
      [](const std::string& path) { return why_unsafe_path(path).empty(); });
}

struct Program {
  std::string directory;  ///< of PATH
  std::string name;       ///< as it is called: "python" when there is one
  std::string path;       ///< behind all links
  std::string minor;      ///< "3.11"
};

class PythonSearch {
 public:
  PythonSearch(const BaseTree& tree, const oci::ImageConfig& config, const oci::Platform& platform,
               const LockedBaseDebian& debian)
      : tree_(tree), config_(config), platform_(platform), debian_(debian) {}

  FoundPython run() {
    FoundPython found;
    if (!find_program(found.without)) return found;
    if (!find_prefix(found.without)) return found;
    LockedInterpreter interpreter;
    interpreter.version = program_.minor;
    interpreter.path = "/" + joined(program_.directory, program_.name);
    interpreter.full_version = full_version();
    interpreter.glibc = glibc();
    if (interpreter.full_version.empty()) {
      found.without = {fmt::format("the release of its Python {} cannot be told", program_.minor),
                       "name a base whose interpreter is CPython, such as the official python images"};
    } else if (interpreter.glibc.empty()) {
      found.without = why_no_glibc();
    } else {
      interpreter.scheme = scheme();
      if (is_usable(*interpreter.scheme)) {
        found.interpreter = std::move(interpreter);
      } else {
        found.without = {"links lead astray where its Python keeps packages", "name another base"};
      }
    }
    return found;
  }

 private:
  bool find_program(NoInterpreter& without) {
    for (const std::string& directory : search_path(config_)) {
      for (const char* name : {"python3", "python"}) {
        const std::optional<std::string> path = tree_.resolve(joined(directory, name));
        if (!path || !is_program(tree_.find_exactly(*path))) continue;
        program_ = {directory, name, *path, minor_of(name_of(*path))};
        const std::optional<std::string> plain = tree_.resolve(joined(directory, "python"));
        if (plain == path) program_.name = "python";
        if (program_.minor.empty()) program_.minor = minor_beside();
        if (!program_.minor.empty()) return true;
        without = {fmt::format("`/{}` is no CPython 3", joined(directory, name)),
                   "wheels are installed for CPython; name a base that has it"};
        return false;
      }
    }
    without = {"it has no `python3` on its PATH",
               "take a base with Python, or leave `base` out: mlbuild brings its own"};
    return false;
  }

  /// A program that is called plain `python3`: its library directory tells the version.
  std::string minor_beside() const {
    std::string only;
    for (const std::string& name : tree_.names_in(joined(directory_of(directory_of(program_.path)), "lib"))) {
      const std::string minor = minor_of(name);
      if (minor.empty() || !has_landmark(directory_of(directory_of(program_.path)), "lib", minor)) continue;
      if (!only.empty()) return "";
      only = minor;
    }
    return only;
  }

  bool has_landmark(const std::string& prefix, const char* library, const std::string& minor) const {
    const std::string directory = joined(prefix, fmt::format("{}/python{}", library, minor));
    return tree_.exists(directory + "/os.py") || tree_.exists(directory + "/os.pyc");
  }

  /// CPython 3.11, Modules/getpath.py: a pyvenv.cfg beside the program or one directory up makes a virtual environment;
  /// the prefix is the nearest directory above the real program that has lib/python3.X/os.py.
  bool find_prefix(NoInterpreter& without) {
    for (const std::string& place : {program_.directory, directory_of(program_.directory)}) {
      if (tree_.exists(joined(place, "pyvenv.cfg"))) venv_ = place;
      if (venv_) break;
    }
    for (std::string above = directory_of(program_.path); !above.empty(); above = directory_of(above)) {
      for (const char* library : {"lib", "lib64"}) {
        if (!has_landmark(above, library, program_.minor)) continue;
        prefix_ = above;
        library_ = tree_.exists(joined(above, fmt::format("lib64/python{}/lib-dynload", program_.minor))) &&
                           !tree_.exists(joined(above, fmt::format("lib/python{}/lib-dynload", program_.minor)))
                       ? "lib64"
                       : "lib";
        return true;
      }
    }
    without = {fmt::format("its `/{}` has no standard library beside it", program_.path),
               "name a base whose Python is complete"};
    return false;
  }

  bool is_debians_own() const {
    return prefix_ == "usr" && (!base_version(debian_, "python" + program_.minor + "-minimal").empty() ||
                                tree_.exists("usr/lib/python3/dist-packages"));
  }

  LockedScheme scheme() const {
    const std::string python = "python" + program_.minor;
    const auto below = [&](const std::string& root, const std::string& rest) {
      return tree_.place(joined(root, rest));
    };
    if (venv_) {
      return {below(*venv_, fmt::format("lib/{}/site-packages", python)),
              below(*venv_, fmt::format("{}/{}/site-packages", library_, python)), below(*venv_, "bin"),
              below(*venv_, "include/site/" + python), below(*venv_, "")};
    }
    if (is_debians_own()) {  // Debian's sysconfig: scheme `posix_local`
      const std::string packages = below("usr/local", fmt::format("lib/{}/dist-packages", python));
      return {packages, packages, below("usr/local", "bin"), below("usr/local", "include/" + python),
              below("usr/local", "")};
    }
    // Fedora and its kin have a system prefix, too, and leave /usr/local to whoever installs (`rpm_prefix`).
    const std::string root = prefix_ == "usr" ? "usr/local" : prefix_;
    return {below(root, fmt::format("lib/{}/site-packages", python)),
            below(root, fmt::format("{}/{}/site-packages", library_, python)), below(root, "bin"),
            below(root, "include/" + python), below(root, "")};
  }

  std::string full_version() const {
    const std::string python = "python" + program_.minor;
    if (const BaseTree::Node* header = tree_.find(joined(prefix_, "include/" + python + "/patchlevel.h"));
        header != nullptr && header->text) {
      if (std::string version = version_in_header(*header->text); !version.empty()) return version;
    }
    std::set<std::string> found;
    if (const BaseTree::Node* node = tree_.find_exactly(program_.path)) found = node->found;
    for (const std::string& directory : library_places()) {
      for (const std::string& name : tree_.names_in(directory)) {
        if (!name.starts_with("lib" + python + ".so")) continue;
        if (const BaseTree::Node* node = tree_.find(joined(directory, name))) {
          found.insert(node->found.begin(), node->found.end());
        }
      }
    }
    std::erase_if(found, [&](const std::string& version) { return !version.starts_with(program_.minor + "."); });
    if (found.size() == 1) return *found.begin();
    if (prefix_ != "usr") return "";
    const std::string packaged = upstream_release(base_version(debian_, python + "-minimal"));
    return packaged.starts_with(program_.minor + ".") ? packaged : "";
  }

  /// `#define PY_VERSION "3.11.9"`
  std::string version_in_header(std::string_view header) const {
    constexpr std::string_view kDefine = "#define PY_VERSION";
    for (const std::string_view line : split_lines(header)) {
      if (!line.starts_with(kDefine)) continue;
      const std::size_t begin = line.find('"');
      const std::size_t end = begin == std::string_view::npos ? begin : line.find('"', begin + 1);
      if (end == std::string_view::npos) return "";
      const std::string version = upstream_release(line.substr(begin + 1, end - begin - 1));
      return version.starts_with(program_.minor + ".") ? version : "";
    }
    return "";
  }

  std::vector<std::string> library_places() const {
    const std::string machine = platform_.architecture == "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
    return {joined(prefix_, "lib"), "lib/" + machine, "usr/lib/" + machine, "lib64", "usr/lib64", "lib", "usr/lib"};
  }

  std::string glibc() const {
    const std::vector<std::string> places = library_places();
    for (auto directory = places.begin() + 1; directory != places.end(); ++directory) {
      const std::optional<std::string> path = tree_.resolve(*directory + "/libc.so.6");
      const BaseTree::Node* library = path ? tree_.find_exactly(*path) : nullptr;
      if (library == nullptr) continue;
      if (library->found.size() == 1) return *library->found.begin();
      std::string_view name = name_of(*path);
      if (name.starts_with("libc-2.") && name.ends_with(".so")) return std::string(name.substr(5, name.size() - 8));
    }
    return upstream_release(base_version(debian_, "libc6"));
  }

  NoInterpreter why_no_glibc() const {
    for (const std::string& name : tree_.names_in("lib")) {
      if (name.starts_with("ld-musl-")) {
        return {"its C library is musl, which the wheels for glibc do not run on",
                "name a base with glibc: not an `alpine` image, but e.g. a `slim` one"};
      }
    }
    return {"the version of its C library cannot be told", "name a base with glibc"};
  }

  const BaseTree& tree_;
  const oci::ImageConfig& config_;
  const oci::Platform& platform_;
  const LockedBaseDebian& debian_;
  Program program_;
  std::optional<std::string> venv_;
  std::string prefix_;
  std::string library_ = "lib";
};

}  // namespace

bool is_minor_python(std::string_view version) {
  constexpr std::string_view kThree = "3.";
  return version.starts_with(kThree) && version.size() > kThree.size() && version.size() <= 5 &&
         version.substr(kThree.size()).find_first_not_of("0123456789") == std::string_view::npos;
}

FoundPython find_base_python(const BaseTree& tree, const oci::ImageConfig& config, const oci::Platform& platform,
                             const LockedBaseDebian& debian) {
  return PythonSearch(tree, config, platform, debian).run();
}

}  // namespace mlbuild
