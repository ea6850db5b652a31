#include "mlbuild/audit/package_graph.hpp"

#include <deque>

namespace mlbuild {

GraphChange& GraphChange::operator+=(const GraphChange& other) {
  unwanted.insert(other.unwanted.begin(), other.unwanted.end());
  replaced.insert(other.replaced.begin(), other.replaced.end());
  cut.insert(other.cut.begin(), other.cut.end());
  return *this;
}

void PackageGraph::add(GraphPackage package) {
  std::string name = package.name;
  packages_.try_emplace(std::move(name), std::move(package));
}

const GraphPackage* PackageGraph::find(const std::string& name) const {
  const auto found = packages_.find(name);
  return found == packages_.end() ? nullptr : &found->second;
}

std::set<std::string> PackageGraph::needed_by(const std::string& name) const {
  std::set<std::string> names;
  for (const auto& [other, package] : packages_) {
    if (other != name && package.needs.contains(name)) names.insert(other);
  }
  return names;
}

void PackageGraph::find_wanted() {
  std::set<std::string> needed;
  for (const auto& [name, package] : packages_) {
    for (const std::string& need : package.needs) {
      if (need != name) needed.insert(need);
    }
  }
  for (auto& [name, package] : packages_) {
    if (!needed.contains(name)) package.wanted = true;
  }
  std::set<std::string> seen = reached({});
  for (auto& [name, package] : packages_) {
    if (seen.contains(name)) continue;
    package.wanted = true;  // of a circle
    seen = reached({});
  }
}

std::set<std::string> PackageGraph::reached(const GraphChange& change) const {
  std::set<std::string> seen;
  std::deque<const GraphPackage*> open;
  const auto visit = [&](const std::string& name) {
    const auto replaced = change.replaced.find(name);
    const GraphPackage* at = find(name);
    if (replaced != change.replaced.end()) {
      at = find(replaced->second.name);
      if (at == nullptr) at = &replaced->second;
    }
    if (at != nullptr && seen.insert(at->name).second) open.push_back(at);
  };
  for (const auto& [name, package] : packages_) {
    if (package.wanted && !change.unwanted.contains(name)) visit(name);
  }
  while (!open.empty()) {
    const GraphPackage& at = *open.front();
    open.pop_front();
    for (const std::string& need : at.needs) {
      if (!change.cut.contains(need) || change.cut.contains(at.name)) visit(need);
    }
  }
  return seen;
}

std::set<std::string> PackageGraph::gone(const GraphChange& change) const {
  const std::set<std::string> before = reached({});
  const std::set<std::string> after = reached(change);
  std::set<std::string> gone;
  for (const std::string& name : before) {
    if (!after.contains(name)) gone.insert(name);
  }
  return gone;
}

std::vector<GraphPackage> PackageGraph::added(const GraphChange& change) const {
  const std::set<std::string> after = reached(change);
  std::vector<GraphPackage> added;
  std::set<std::string> names;
  for (const auto& [old, package] : change.replaced) {
    if (find(package.name) == nullptr && after.contains(package.name) && names.insert(package.name).second) {
      added.push_back(package);
    }
  }
  return added;
}

}  // namespace mlbuild
