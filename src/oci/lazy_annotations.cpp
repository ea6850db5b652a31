#include "mlbuild/oci/lazy_annotations.hpp"

namespace mlbuild::oci {

std::map<std::string, std::string> lazy_annotations(const std::map<std::string, std::string>& annotations) {
  std::map<std::string, std::string> lazy;
  for (const std::string_view name : annotation::kLazy) {
    const auto found = annotations.find(std::string(name));
    if (found != annotations.end() && found->second.size() <= annotation::kMaxLazyBytes) lazy.insert(*found);
  }
  return lazy;
}

}  // namespace mlbuild::oci
