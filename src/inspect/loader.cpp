// What glibc's elf/dl-load.c does (_dl_map_object and what it calls), in its order. Two things are not modelled:
// hardware directories (glibc-hwcaps), whose libraries have a twin for every processor, and the cache's own content,
// which is taken to be what ldconfig would write now.

#include "loader.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/machine.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace mlbuild {
namespace {

std::string replaced(std::string text, std::string_view word, std::string_view value) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
    text.replace(at, word.size(), value);
  }
  return text;
}

bool matches_pattern(std::string_view path, std::string_view pattern) {  // of ld.so.conf: one star at most in practice
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  return path.size() >= before.size() + after.size() && path.starts_with(before) && path.ends_with(after) &&
         path.find('/', before.size()) == std::string_view::npos;
}

/// ldconfig(8): a directory a line, `include PATTERN`, comments. Each file is read once: what it names is searched
/// where it is named first. Files that somebody made to be endless are read up to a number of lines that no image has.
class LoaderConfiguration {
 public:
  explicit LoaderConfiguration(const ImageTree& tree) : tree_(tree) {}

  void read(const std::string& path, std::string_view text) {
    if (!read_.insert(path).second) return;
    for (std::string_view line : split_lines(text)) {
      line = trim(line.substr(0, line.find('#')));
      if (line.empty()) continue;
      if (lines_left_ == 0) return;
      --lines_left_;
      if (line.starts_with("include"))
        include(trim(line.substr(7)));
      else if (line.starts_with('/'))
        directories_.emplace_back(line);
    }
  }
  std::vector<std::string> take_directories() { return std::move(directories_); }

 private:
  void include(std::string_view file) {
    const std::string pattern = file.starts_with('/') ? std::string(file.substr(1)) : "etc/" + std::string(file);
    for (const auto& [path, text] : tree_.texts()) {
      if (matches_pattern(path, pattern)) read(path, text);
    }
  }

  const ImageTree& tree_;
  std::set<std::string> read_;
  std::size_t lines_left_ = 1024;  // of all files; each may be one file deeper
  std::vector<std::string> directories_;
};

std::vector<std::string> path_list(std::string_view text) {
  std::vector<std::string> paths;
  for (const std::string_view part : split(text, ':')) {
    if (part.starts_with('/')) paths.emplace_back(part);  // others depend on the working directory
  }
  return paths;
}

}  // namespace

LoaderPaths loader_paths(const ImageTree& tree, const oci::ImageConfig& config) {
  LoaderPaths paths;
  const std::string triplet = config.platform.architecture == "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  for (const std::string& variable : config.env) {
    constexpr std::string_view kName = "LD_LIBRARY_PATH=";
    if (variable.starts_with(kName)) {
      std::string value = variable.substr(kName.size());
      std::ranges::replace(value, ';', ':');
      paths.library_path = path_list(value);
    }
  }
  const auto conf = tree.texts().find("etc/ld.so.conf");
  if (conf != tree.texts().end() && tree.exists("etc/ld.so.cache")) {
    LoaderConfiguration configuration(tree);
    configuration.read(conf->first, conf->second);
    paths.configured = configuration.take_directories();
  }
  for (const char* place : {"/lib/", "/usr/lib/"}) paths.builtin.push_back(place + triplet);
  for (const char* place : {"/lib", "/usr/lib", "/lib64", "/usr/lib64"}) paths.builtin.emplace_back(place);
  const bool is_multiarch = tree.exists("usr/lib/" + triplet) || tree.exists("lib/" + triplet);
  paths.lib = is_multiarch ? "lib/" + triplet : "lib64";
  paths.platform = oci::machine_of(config.platform);
  return paths;
}

void Process::load(const std::string& path) {
  const elf::Object* object = tree_->object(path);
  if (object == nullptr || std::ranges::find(loaded_, path, &Loaded::path) != loaded_.end()) return;
  const std::size_t first = loaded_.size();
  // What loads it is the program, whose DT_RPATH counts, too.
  loaded_.push_back({object, path, std::string(parent_of(path)), std::string(name_of(path)), 0, true});
  for (std::size_t i = first; i < loaded_.size(); ++i) load_needed(i);
}

void Process::load_needed(std::size_t index) {
  for (const std::string& name : loaded_[index].object->needed) {
    if (already(name) != nullptr) continue;
    Found found = search(name, index);
    if (found.path.empty()) {
      const bool is_known = std::ranges::any_of(
          failures_, [&](const Failure& failure) { return failure.library == name && failure.needed_by == index; });
      if (!is_known) failures_.push_back({index, name, std::move(found.other_machine)});
      continue;
    }
    const auto same = std::ranges::find(loaded_, found.path, &Loaded::path);
    if (same != loaded_.end()) continue;  // by another name
    const elf::Object* object = tree_->object(found.path);
    loaded_.push_back({object, std::move(found.path), std::move(found.origin), name, index, false});
  }
}

/// An object answers to its SONAME and to the name that it was asked for by.
const Process::Loaded* Process::already(std::string_view name) const {
  const auto found = std::ranges::find_if(
      loaded_, [&](const Loaded& loaded) { return loaded.object->soname == name || loaded.name == name; });
  return found == loaded_.end() ? nullptr : &*found;
}

Process::Found Process::search(const std::string& name, std::size_t needed_by) const {
  const Loaded& requester = loaded_[needed_by];
  Found found;
  if (name.find('/') != std::string::npos) {
    const std::vector<std::string> path = expand(name, requester);
    if (!path.empty()) search_in({std::string(parent_of(path[0]))}, std::string(name_of(path[0])), found);
    return found;
  }
  if (!requester.object->runpath) {
    std::vector<std::size_t> chain;
    for (std::size_t at = needed_by;; at = loaded_[at].loader) {
      chain.push_back(at);
      if (at == 0) break;
    }
    for (const std::size_t at : chain) {
      const elf::Object& object = *loaded_[at].object;
      if (object.rpath && !object.runpath && search_rpath(*object.rpath, loaded_[at], name, found)) return found;
    }
  }
  if (search_in(paths_->library_path, name, found)) return found;
  if (requester.object->runpath && search_rpath(*requester.object->runpath, requester, name, found)) return found;
  if (requester.object->no_default_paths) return found;
  if (search_in(paths_->configured, name, found)) return found;
  search_in(paths_->builtin, name, found);
  return found;
}

bool Process::search_rpath(const std::string& list, const Loaded& owner, const std::string& name, Found& found) const {
  return search_in(expand(list, owner), name, found);
}

std::vector<std::string> Process::expand(const std::string& list, const Loaded& owner) const {
  std::string text = list;
  const std::string origin = "/" + owner.origin;
  for (const std::string_view word : {"${ORIGIN}", "$ORIGIN"}) text = replaced(std::move(text), word, origin);
  for (const std::string_view word : {"${LIB}", "$LIB"}) text = replaced(std::move(text), word, paths_->lib);
  for (const std::string_view word : {"${PLATFORM}", "$PLATFORM"})
    text = replaced(std::move(text), word, paths_->platform);
  return path_list(text);
}

bool Process::search_in(const std::vector<std::string>& directories, const std::string& name, Found& found) const {
  const elf::Object& program = *loaded_.front().object;
  for (const std::string& directory : directories) {
    const std::string path = directory + "/" + name;
    std::optional<std::string> real = tree_->resolve(path);
    if (!real) continue;
    const elf::Object* object = tree_->object(*real);
    if (object == nullptr) continue;
    if (object->machine != program.machine || object->bits != program.bits ||
        object->big_endian != program.big_endian) {
      if (found.other_machine.empty()) found.other_machine = *real;  // the loader goes on, too
      continue;
    }
    found.path = std::move(*real);
    found.origin = directory.substr(directory.starts_with('/') ? 1 : 0);
    return true;
  }
  return false;
}

std::vector<Process::MissingVersion> Process::missing_versions(std::size_t first) const {
  std::vector<MissingVersion> missing;
  for (std::size_t i = first; i < loaded_.size(); ++i) {
    for (const elf::VersionNeed& need : loaded_[i].object->version_needs) {
      const Loaded* library = already(need.file);
      // A library without versions gets a warning from the loader, no more.
      if (need.weak || library == nullptr || library->object->versions.empty()) continue;
      if (std::ranges::find(library->object->versions, need.version) != library->object->versions.end()) continue;
      missing.push_back({i, static_cast<std::size_t>(library - loaded_.data()), need.version});
    }
  }
  return missing;
}

std::vector<std::string> Process::chain(std::size_t index) const {
  std::vector<std::string> paths;
  for (std::size_t at = index;; at = loaded_[at].loader) {
    paths.push_back(loaded_[at].path);
    if (loaded_[at].is_asked_for) break;
  }
  std::ranges::reverse(paths);
  return paths;
}

}  // namespace mlbuild
