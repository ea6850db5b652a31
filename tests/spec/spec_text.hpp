#pragma once

#include "../../src/spec/parse_spec.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/spec/spec.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace mlbuild {

/// Files beside a spec, in memory.
class FakeDirectory final : public spec::SpecDirectory {
 public:
  std::map<std::string, std::string> files;
  std::vector<std::string> directories, outside;

  Kind look_up(const std::string& name) const override {
    const std::string clean = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
    if (std::ranges::count(outside, clean) > 0) return Kind::Outside;
    if (std::ranges::count(directories, clean) > 0) return Kind::Directory;
    return files.contains(clean) ? Kind::File : Kind::Missing;
  }
  std::string read_text(const std::string& name, std::uint64_t) const override { return files.at(name); }
  std::vector<std::string> names_in(const std::string&) const override {
    std::vector<std::string> names = directories;
    for (const auto& [name, text] : files) names.push_back(name);
    return names;
  }
};

inline const std::string kHead = "version: 1\nname: demo\n";

inline Spec parse(const std::string& text, const FakeDirectory& directory = {}) {
  return spec::parse_spec_text(text, "specs/demo.yaml", directory);
}

/// All mistakes of a text, in the order in which they are told; none when it is fine.
inline std::vector<Error> mistakes(const std::string& text, const FakeDirectory& directory = {}) {
  try {
    parse(text, directory);
  } catch (const Error& error) {
    std::vector<Error> all{error};
    all.insert(all.end(), error.others().begin(), error.others().end());
    return all;
  }
  return {};
}

/// "LINE:COLUMN message" of the only mistake; a list of all when there is not exactly one. Every mistake must offer a
/// way out.
inline std::string mistake(const std::string& text, const FakeDirectory& directory = {}) {
  const std::vector<Error> all = mistakes(text, directory);
  std::string told;
  for (const Error& error : all) {
    if (error.hint_text().empty()) told += "(no hint) ";
    told +=
        std::to_string(error.location().line) + ":" + std::to_string(error.location().column) + " " + error.message();
    if (all.size() > 1) told += "\n";
  }
  return told;
}

/// The hint of the first mistake.
inline std::string hint_of(const std::string& text, const FakeDirectory& directory = {}) {
  const std::vector<Error> all = mistakes(text, directory);
  return all.empty() ? "" : all.front().hint_text();
}

}  // namespace mlbuild
