#include "package_rules.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/prune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlbuild {
namespace {

constexpr std::uint64_t kWorthPruning = 100'000;
constexpr std::size_t kShown = 5;

struct Prunable {
  std::vector<DraftPart> parts;
  std::map<std::string, std::uint64_t> plain_bytes;  ///< by package
};

std::vector<std::string> largest(const std::map<std::string, std::uint64_t>& packages) {
  std::vector<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [name, bytes] : packages) sorted.emplace_back(bytes, name);
  std::ranges::sort(sorted, std::ranges::greater());
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i) {
    lines.push_back(fmt::format("{}  {}", sorted[i].second, human_bytes(sorted[i].first)));
  }
  if (sorted.size() > kShown) lines.push_back(fmt::format("and {} packages more", sorted.size() - kShown));
  return lines;
}

}  // namespace

std::vector<Draft> prune_drafts(const PackageSubject& subject) {
  if (!subject.files_of) return {};
  std::map<python::PruneKind, Prunable> kinds;
  for (const auto& [name, package] : subject.wheels.packages()) {
    for (const WheelFileBytes& file : subject.files_of(name)) {
      const auto kind = python::prune_kind_of(file.path);
      if (!kind) continue;
      kinds[*kind].parts.push_back({name + "/" + file.path, name, file.bytes});
      kinds[*kind].plain_bytes[name] += file.bytes.plain_bytes.value_or(0);
    }
  }
  std::vector<Draft> drafts;
  for (auto& [kind, prunable] : kinds) {
    std::uint64_t sum = 0;
    for (const auto& [name, bytes] : prunable.plain_bytes) sum += bytes;
    if (sum < kWorthPruning) continue;
    Draft draft = draft_of("prune", fmt::format("{} inside wheels", python::prune_name(kind)));
    draft.finding.way_out =
        fmt::format("`prune: {{{}: true}}`; `prune.keep` names exceptions", python::prune_name(kind));
    draft.finding.evidence = largest(prunable.plain_bytes);
    draft.finding.measured = subject.measured;
    draft.parts = std::move(prunable.parts);
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

}  // namespace mlbuild
