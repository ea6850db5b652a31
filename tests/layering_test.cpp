// Every #include of a module's header must be allowed by src/LAYERS: folders without a check do not stay layers.

#include "support/source_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Layers = std::map<std::string, std::set<std::string>>;

const fs::path kRoot = mlbuild::test::source_dir();

Layers read_layers() {
  Layers layers;
  std::ifstream in(kRoot / "src/LAYERS");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string::npos) continue;
    std::istringstream names(line.substr(colon + 1));
    std::set<std::string>& allowed = layers[line.substr(0, colon)];
    for (std::string name; names >> name;) allowed.insert(name);
  }
  return layers;
}

std::vector<std::string> violations_in(const fs::path& folder, const std::string& module,
                                       const std::set<std::string>& allowed) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*["<]mlbuild/([a-z_]+)/)");
  std::vector<std::string> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, kInclude)) continue;
      const std::string used = match[1];
      if (used != module && !allowed.contains(used) && !allowed.contains("*")) {
        found.push_back(fs::relative(entry.path(), kRoot).string() + ": " + module + " may not include " + used);
      }
    }
  }
  return found;
}

TEST(Layering, EveryIncludeIsAllowedByTheTable) {
  const Layers layers = read_layers();
  ASSERT_GE(layers.size(), 20U);
  std::vector<std::string> violations;
  for (const auto& [module, allowed] : layers) {
    for (const fs::path& folder : {kRoot / "src" / module, kRoot / "include/mlbuild" / module}) {
      for (std::string& violation : violations_in(folder, module, allowed)) violations.push_back(std::move(violation));
    }
  }
  EXPECT_EQ(violations, std::vector<std::string>{});
}

TEST(Layering, EveryModuleFolderIsInTheTable) {
  const Layers layers = read_layers();
  for (const fs::path& folder : {kRoot / "src", kRoot / "include/mlbuild"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_directory()) {
        EXPECT_TRUE(layers.contains(entry.path().filename().string())) << entry.path();
      }
    }
  }
}

TEST(Layering, TheTableHasNoCycle) {
  const Layers layers = read_layers();
  std::set<std::string> done;
  for (bool progress = true; progress;) {
    progress = false;
    for (const auto& [module, allowed] : layers) {
      if (done.contains(module) || allowed.contains("*")) continue;
      bool ready = true;
      for (const std::string& used : allowed) ready = ready && done.contains(used);
      if (ready) progress = done.insert(module).second || progress;
    }
  }
  EXPECT_EQ(done.size() + 1, layers.size());  // all but cli, which may include everything
}

}  // namespace
