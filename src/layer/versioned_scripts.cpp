#include "versioned_scripts.hpp"

#include <algorithm>
#include <string>

namespace mlbuild {
namespace {

bool is_versioned(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem)) return false;
  return name.substr(stem.size()).find_first_not_of("-.0123456789") == std::string_view::npos;
}

void rename_versioned(std::vector<python::EntryPoint>& entries, std::string_view stem,
                      const std::vector<std::string>& names) {
  const auto plain =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == stem && !entry.gui; });
  if (plain == entries.end()) return;
  python::EntryPoint entry = *plain;
  std::erase_if(entries, [&](const auto& other) { return !other.gui && is_versioned(other.name, stem); });
  for (const std::string& name : names) {
    entry.name = name;
    entries.push_back(entry);
  }
}

}  // namespace

std::vector<python::EntryPoint> with_versioned_scripts(const std::vector<python::EntryPoint>& entries,
                                                       std::string_view python_version) {
  std::vector<python::EntryPoint> result = entries;
  const std::string version(python_version);
  const std::string major = version.substr(0, version.find('.'));
  rename_versioned(result, "pip", {"pip", "pip" + major, "pip" + version});
  rename_versioned(result, "easy_install", {"easy_install", "easy_install-" + version});
  return result;
}

}  // namespace mlbuild
