#include "base_python.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

/// First components of what a RECORD lists inside of purelib.
std::set<std::string> recorded_entries(std::string_view record) {
  std::set<std::string> entries;
  for (const std::string_view line : split_lines(record)) {
    std::string_view path = line.substr(0, line.find(','));
    if (path.starts_with('"') || path.starts_with('/') || path.starts_with("..")) continue;
    const std::string name(path.substr(0, path.find('/')));
    const bool is_plain = !name.empty() && name != "." && name != "__pycache__" && name.size() <= 255 &&
                          is_valid_utf8(name) && !name.starts_with(".wh.") &&
                          std::all_of(name.begin(), name.end(),
                                      [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
    if (is_plain) entries.insert(name);
  }
  return entries;
}

}  // namespace

std::vector<LockedBaseProject> base_projects(const BaseTree& tree, const LockedScheme& scheme) {
  constexpr std::string_view kSuffix = ".dist-info";
  std::map<std::string, LockedBaseProject> projects;
  for (const std::string& name : tree.names_in(scheme.purelib)) {
    const std::size_t dash = name.find('-');
    if (!name.ends_with(kSuffix) || dash == std::string::npos) continue;
    const std::string distribution = name.substr(0, dash);
    if (!python::is_valid_name(distribution)) continue;
    LockedBaseProject project;
    project.name = python::normalize_name(distribution);
    project.version = printable(name.substr(dash + 1, name.size() - dash - 1 - kSuffix.size()));
    std::set<std::string> entries{name};
    const BaseTree::Node* record = tree.find(scheme.purelib + "/" + name + "/RECORD");
    if (record != nullptr && record->text) entries.merge(recorded_entries(*record->text));
    project.entries.assign(entries.begin(), entries.end());
    projects.insert_or_assign(project.name, std::move(project));
  }
  std::vector<LockedBaseProject> list;
  for (auto& [name, project] : projects) list.push_back(std::move(project));
  return list;
}

}  // namespace mlbuild
