#include "token_scope.hpp"

#include "mlbuild/base/text.hpp"

namespace mlbuild {

void TokenScope::add(std::string_view entries) {
  for (const std::string_view entry : split(entries, ' ')) {
    const std::size_t colon = entry.rfind(':');  // a resource's name may hold a host with a port
    if (colon == std::string_view::npos) continue;
    std::set<std::string>& actions = actions_[std::string(entry.substr(0, colon))];
    for (const std::string_view action : split(entry.substr(colon + 1), ',')) actions.emplace(action);
  }
}

void TokenScope::add(const TokenScope& other) {
  for (const auto& [resource, actions] : other.actions_) actions_[resource].insert(actions.begin(), actions.end());
}

std::vector<std::string> TokenScope::entries() const {
  std::vector<std::string> entries;
  for (const auto& [resource, actions] : actions_) {
    entries.push_back(resource + ":" + join(std::vector<std::string>(actions.begin(), actions.end()), ","));
  }
  return entries;
}

std::string TokenScope::to_string() const { return join(entries(), " "); }

}  // namespace mlbuild
