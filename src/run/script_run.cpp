// dpkg itself is not run: it would unpack once more what is there. The scripts see what they would see under it: their
// names in dpkg's directory, its variables, its database, all packages unpacked, and those that they depend on
// configured.

#include "script_run.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <set>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInfo = "var/lib/dpkg/info";
constexpr std::string_view kOwn = "var/lib/dpkg/mlbuild";
/// Stands for dpkg-trigger(1), which would ask a dpkg that is not running.
constexpr std::string_view kTriggerProgram =
    "#!/bin/sh\n"
    "for word in \"$@\"; do\n"
    "  case \"$word\" in\n"
    "    --check-supported) exit 0 ;;\n"
    "    -*) ;;\n"
    "    *) echo \"$word\" >> /var/lib/dpkg/mlbuild/set-off ;;\n"
    "  esac\n"
    "done\n";
constexpr std::string_view kDpkgVersion = "1.21.22";  // scripts compare with what they need at least

// Documentation is no part of images; scripts link to it all the same, and fail where its directories are missing.
constexpr const char* kDocumentation[] = {"usr/share/doc", "usr/share/info", "usr/share/man"};
constexpr std::size_t kManualSections = 8;

// State and logs of installing, and caches that hold times or are made anew where they are missing.
constexpr const char* kLeftOut[] = {
    "var/lib/dpkg",       "var/cache/debconf",       "var/cache/apt", "var/lib/apt",     "var/lib/ucf",   "var/log",
    "var/cache/ldconfig", "var/cache/fontconfig",    "var/cache/man", "var/lib/systemd", "etc/.pwd.lock", "root",
    "etc/ld.so.cache",    "var/lib/dbus/machine-id", "etc/machine-id"};

struct Package {
  DebInput deb;
  debian::DebControl control;
};

using Packages = std::map<std::string, Package, std::less<>>;

Packages read_packages(const std::vector<DebInput>& debs, BlobStore& store) {
  Packages packages;
  for (const DebInput& deb : debs) {
    with_context([&] { return fmt::format("reading the scripts of Debian package `{}`", deb.name); },
                 [&] {
                   const auto file = store.open(deb.digest);
                   packages.emplace(deb.name, Package{deb, debian::DebFile(*file).read_control()});
                 });
  }
  return packages;
}

/// Depth first; of a circle, which dpkg breaks somewhere too, the first name in alphabetical order comes last.
class DependencyOrder {
 public:
  explicit DependencyOrder(const Packages& packages) : packages_(packages) {
    for (const auto& [name, package] : packages) {
      for (const debian::DependencyGroup& group : debian::parse_dependencies(package.control.fields.get("Provides"))) {
        for (const debian::Dependency& provided : group) providers_[provided.name].push_back(name);
      }
    }
    for (const auto& [name, package] : packages) visit(name);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  void visit(const std::string& name) {
    const auto package = packages_.find(name);
    if (package == packages_.end()) {
      if (const auto providers = providers_.find(name); providers != providers_.end() && seen_.insert(name).second) {
        for (const std::string& provider : providers->second) visit(provider);
      }
      return;
    }
    if (!seen_.insert(name).second) return;
    for (const char* field : {"Pre-Depends", "Depends"}) {
      for (const debian::DependencyGroup& group :
           debian::parse_dependencies(package->second.control.fields.get(field))) {
        for (const debian::Dependency& alternative : group) visit(alternative.name);
      }
    }
    names_.push_back(name);
  }

  const Packages& packages_;
  std::map<std::string, std::vector<std::string>> providers_;
  std::set<std::string> seen_;
  std::vector<std::string> names_;
};

void write_file(const fs::path& path, std::string_view text, mode_t mode) {
  write_file_atomically(path, text);
  if (::chmod(path.c_str(), mode) != 0) throw_errno(errno, "make executable", path);
}

void place_scripts(const Package& package, const fs::path& root) {
  const fs::path info = root / kInfo;
  const auto place = [&](const auto& files, mode_t mode) {
    for (const auto& [name, text] : files) write_file(info / fmt::format("{}.{}", package.deb.name, name), text, mode);
  };
  place(package.control.scripts, 0755);
  place(package.control.for_scripts, 0755);
}

/// The triggers that a package waits for, and those that packages set off; deb-triggers(5).
std::vector<std::string> triggers_of(const Package& package, std::string_view directive) {
  std::vector<std::string> names;
  const auto triggers = package.control.for_scripts.find("triggers");
  if (triggers == package.control.for_scripts.end()) return names;
  for (const std::string_view line : split_lines(triggers->second)) {
    const std::string_view text = trim(line);
    const std::size_t gap = text.find_first_of(" \t");
    if (gap == std::string_view::npos || !text.starts_with(directive)) continue;
    names.emplace_back(trim(text.substr(gap)));
  }
  return names;
}

/// The shell's side: dpkg's environment, and each call told before it is made, so that a failure shows whose it is.
std::string call_function(const std::string& architecture) {
  return fmt::format(
      "call() {{\n"
      "  package=$1 script=$2; shift 2\n"
      "  echo \"$package: $script $*\"\n"
      "  env DPKG_MAINTSCRIPT_PACKAGE=\"$package\" DPKG_MAINTSCRIPT_NAME=\"$script\" DPKG_MAINTSCRIPT_ARCH={} "
      "DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_RUNNING_VERSION={} DPKG_ADMINDIR=/var/lib/dpkg DPKG_ROOT= "
      "PATH=\"/{}:$PATH\" \"/{}/$package.$script\" \"$@\" </dev/null\n"
      "}}\n",
      architecture, kDpkgVersion, kOwn, kInfo);
}

/// Paths that are there, and names that any package or script sets off.
std::string triggers_for(const Package& package, const std::set<std::string>& set_off) {
  std::string text;
  for (const std::string& name : triggers_of(package, "interest")) {
    if (name.starts_with('/'))
      text += fmt::format("[ ! -e '{0}' ] || set -- \"$@\" '{0}'\n", name);
    else if (set_off.contains(name))
      text += fmt::format("set -- \"$@\" '{}'\n", name);
    else
      text += fmt::format("! grep -qxF '{0}' /{1}/set-off || set -- \"$@\" '{0}'\n", name, kOwn);
  }
  if (text.empty()) return {};
  return fmt::format("set --\n{}[ $# = 0 ] || call {} postinst triggered \"$*\"\n", text, package.deb.name);
}

std::string driver(const std::vector<const Package*>& running, const Packages& all, const std::string& architecture) {
  std::string text = call_function(architecture);
  const auto each = [&](const char* script, const char* arguments) {
    for (const Package* package : running) {
      if (package->control.scripts.contains(script))
        text += fmt::format("call {} {} {}\n", package->deb.name, script, arguments);
    }
  };
  each("preinst", "install");
  each("postinst", "configure ''");
  text += fmt::format("touch /{}/set-off\n", kOwn);
  std::set<std::string> set_off;
  for (const auto& [name, package] : all) {
    for (std::string& trigger : triggers_of(package, "activate")) set_off.insert(std::move(trigger));
  }
  for (const Package* package : running) {
    if (package->control.scripts.contains("postinst")) text += triggers_for(*package, set_off);
  }
  return text;
}

/// All packages in one tree, with dpkg's database in the form that dpkg reads.
fs::path root_tree(const ScriptRun& scripts, const BuildContext& context) {
  const DebLayerRecipe recipe(scripts.root_packages, scripts.root_parameters, scripts.unpacked_debs);
  const KeyCard card = KeyCard("script-root", 1).set("packages", recipe.card().key().to_string());
  return context.store.tree(card.key(), [&](const fs::path& root) {
    with_context([] { return std::string("making the root that maintainer scripts run in"); },
                 [&] {
                   const std::unique_ptr<Source> layer = stream_layer(recipe, context.store, context.cancellation);
                   unpack_layers({layer.get()}, root, context.cancellation);
                 });
  });
}

}  // namespace

PreparedScripts prepare_scripts(const StepCommand& command, const std::string& architecture, const fs::path& place,
                                const BuildContext& context) {
  const ScriptRun& scripts = *command.scripts;
  const Packages all =
      read_packages(scripts.root_packages.empty() ? scripts.candidates : scripts.root_packages, context.store);
  PreparedScripts prepared;
  prepared.left_out.assign(std::begin(kLeftOut), std::end(kLeftOut));
  std::vector<const Package*> running;
  std::ranges::copy(kDocumentation, std::back_inserter(prepared.left_out));
  make_directories(place / kInfo);
  for (std::size_t section = 1; section <= kManualSections; ++section)
    make_directories(place / fmt::format("usr/share/man/man{}", section));
  const DependencyOrder order(all);
  for (const std::string& name : order.names()) {
    const Package& package = all.find(name)->second;
    const bool candidate = std::ranges::count(scripts.candidates, name, &DebInput::name) > 0;
    if (!candidate || !debian::must_run(scripts.choice, name, package.control.scripts)) continue;
    place_scripts(package, place);
    running.push_back(&package);
  }
  if (running.empty()) return prepared;
  make_directories(place / kOwn);
  write_file(place / kOwn / "dpkg-trigger", kTriggerProgram, 0755);
  prepared.roots.push_back(place);
  if (!scripts.root_packages.empty()) prepared.roots.push_back(root_tree(scripts, context));
  prepared.argv = {"/bin/sh", "-e", "-c", driver(running, all, architecture)};
  return prepared;
}

}  // namespace mlbuild
