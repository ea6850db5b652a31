#include "read_prune.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::spec {

python::PrunePolicy read_prune(const YamlNode* node, Diagnostics& diagnostics) {
  python::PrunePolicy policy;
  for (const python::PruneKind kind : python::kPruneKinds) {
    const YamlNode* value = find_below(node, python::prune_name(kind));
    policy.kinds[static_cast<std::size_t>(kind)] = value != nullptr && value->text == "true";
  }
  for (Located<std::string>& kept : texts_below(node, "keep")) {
    if (kept.value.empty() || kept.value.starts_with('/') || kept.value.find(',') != std::string::npos) {
      add_mistake(diagnostics, fmt::format("`prune.keep` cannot name `{}`", printable(kept.value)), kept.location,
                  "write a project, or a path below site-packages: numpy, scipy/stats/tests");
      continue;
    }
    while (kept.value.ends_with('/')) kept.value.pop_back();
    policy.keep.push_back(std::move(kept.value));
  }
  std::ranges::sort(policy.keep);
  policy.keep.erase(std::unique(policy.keep.begin(), policy.keep.end()), policy.keep.end());
  return policy;
}

}  // namespace mlbuild::spec
