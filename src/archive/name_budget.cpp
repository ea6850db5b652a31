#include "name_budget.hpp"

#include <algorithm>

namespace mlbuild {

void NameBudget::add_path(std::string_view path) {
  used_bytes_ += path.size();
  const auto differs = std::mismatch(path.begin(), path.end(), previous_.begin(), previous_.end()).first;
  const auto shared = static_cast<std::size_t>(differs - path.begin());
  for (auto slash = path.find('/', shared); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    used_bytes_ += slash;
  }
  previous_ = path;
}

}  // namespace mlbuild
