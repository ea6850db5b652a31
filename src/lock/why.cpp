#include "mlbuild/lock/why.hpp"

#include "mlbuild/lock/required_by.hpp"
#include "mlbuild/python/names.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace mlbuild {
namespace {

/// Packages that need one another; the empty name is the spec itself.
struct Graph {
  struct Node {
    WhyPackage package;
    std::string kind, group;
    std::set<std::string> needed_by;
  };
  std::map<std::string, Node> nodes;

  std::map<std::string, std::vector<std::string>> needs() const {
    std::map<std::string, std::vector<std::string>> needs;
    for (const auto& [name, node] : nodes) {
      for (const std::string& by : node.needed_by) needs[by].push_back(name);
    }
    return needs;
  }

  /// What is reached from the spec, with whom it was first reached by, without passing through `without`.
  std::map<std::string, std::string> reached(const std::string& without) const {
    const auto all_needs = needs();
    std::map<std::string, std::string> parents;
    std::deque<std::string> open{""};
    while (!open.empty()) {
      const std::string at = open.front();
      open.pop_front();
      const auto next = all_needs.find(at);
      if (next == all_needs.end()) continue;
      for (const std::string& name : next->second) {
        if (name != without && parents.try_emplace(name, at).second) open.push_back(name);
      }
    }
    return parents;
  }
};

void add_files(Graph& graph, const std::vector<LockedFile>& files, const std::string& kind, const std::string& group) {
  for (const LockedFile& file : files) {
    Graph::Node& node = graph.nodes[file.name];
    node.package = {file.name, file.version, file.size_bytes};
    node.kind = kind;
    node.group = group;
    for (const std::string& by : file.required_by) node.needed_by.insert(project_of(by));
  }
}

Graph python_graph(const LockedImage& image) {
  Graph graph;
  std::vector<LockedFile> sdists;
  for (const LockedSdist& sdist : image.sdists) sdists.push_back(sdist.sdist);
  add_files(graph, image.dev, "wheel", "dev");
  add_files(graph, image.wheels, "wheel", "runtime");
  add_files(graph, sdists, "sdist", "runtime");
  return graph;
}

void add_debs(Graph& graph, const std::vector<LockedDeb>& debs, const std::string& group) {
  for (const LockedDeb& deb : debs) {
    Graph::Node& node = graph.nodes[deb.name];
    node.package = {deb.name, deb.version, deb.size_bytes};
    node.kind = "deb";
    node.group = group;
    node.needed_by.insert(deb.because == "wanted" ? "" : deb.because);
  }
}

Graph debian_graph(const LockedImage& image) {
  Graph graph;
  add_debs(graph, image.system_build, "system.build");
  add_debs(graph, image.system_runtime, "system.runtime");
  add_debs(graph, image.base, "base");
  return graph;
}

std::vector<std::vector<std::string>> chains_to(const Graph& graph, const std::string& name) {
  const std::map<std::string, std::string> parents = graph.reached(name);
  std::vector<std::vector<std::string>> chains;
  for (const std::string& by : graph.nodes.at(name).needed_by) {
    if (!by.empty() && !parents.contains(by)) continue;  // reached through the package itself only
    std::vector<std::string> chain{name};
    for (std::string at = by; !at.empty(); at = parents.at(at)) chain.push_back(at);
    std::ranges::reverse(chain);
    chains.push_back(std::move(chain));
  }
  std::ranges::stable_sort(chains, {}, &std::vector<std::string>::size);
  return chains;
}

std::vector<WhyPackage> only_for(const Graph& graph, const std::string& name) {
  const auto with = graph.reached("");
  const auto without = graph.reached(name);
  std::vector<WhyPackage> only;
  for (const auto& [reached, parent] : with) {
    if (reached != name && !without.contains(reached)) only.push_back(graph.nodes.at(reached).package);
  }
  std::ranges::stable_sort(only, std::ranges::greater(), &WhyPackage::size_bytes);
  return only;
}

std::optional<Why> why_in(const Graph& graph, const std::string& name) {
  const auto node = graph.nodes.find(name);
  if (node == graph.nodes.end()) return std::nullopt;
  return Why{node->second.package, node->second.kind, node->second.group, chains_to(graph, name),
             only_for(graph, name)};
}

}  // namespace

std::vector<Why> why_locked(const LockedImage& image, std::string_view name) {
  std::vector<Why> found;
  if (auto wheel = why_in(python_graph(image), python::normalize_name(name))) found.push_back(std::move(*wheel));
  if (auto deb = why_in(debian_graph(image), std::string(name))) found.push_back(std::move(*deb));
  return found;
}

std::vector<std::string> locked_names(const LockedImage& image) {
  std::set<std::string> names;
  for (const auto& [name, node] : python_graph(image).nodes) names.insert(name);
  for (const auto& [name, node] : debian_graph(image).nodes) names.insert(name);
  return {names.begin(), names.end()};
}

}  // namespace mlbuild
