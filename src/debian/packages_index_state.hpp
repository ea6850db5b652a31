#pragma once

#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/debian/packages_index.hpp"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlbuild::debian {

/// A package that gives a (perhaps virtual) name, with the version it promises ("" when it promises none).
struct Provider {
  const Package* package = nullptr;
  std::string version;
};

struct PackagesIndex::State {
  std::deque<Package> packages;  ///< in archive order; addresses stay
  std::unordered_map<std::string_view, const Package*> candidates;

  std::unordered_map<std::string_view, std::vector<Provider>>
      providers;  ///< of a virtual name, candidates only, in archive order

  const std::vector<Provider>& providers_of(std::string_view name) const;
  void collect_providers();  ///< again after each add(), so that a finished index can be shared by threads
};

}  // namespace mlbuild::debian
