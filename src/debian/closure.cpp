#include "mlbuild/debian/closure.hpp"

#include "packages_index_state.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/dependency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

// apt's answer without Recommends, by four rules found by comparing package sets (docs/debian.md):
//  1. the candidate of a name is its highest version over all suites;
//  2. needs with exactly one possible target are followed first, to a fixpoint; then the choices, one at a time in
//  order
//     of discovery, back to the fixpoint after each; a choice that is already satisfied costs nothing;
//  3. inside `A | B` the first alternative wins whose candidate exists, fits and conflicts with nothing selected;
//     providers of a virtual name are tried by same source, Essential, Priority, archive order;
//  4. Pre-Depends count as Depends; Essential packages are not pulled in unless asked for.
// A conflict ends the resolution with an explanation: backtracking was never needed for Debian's stable suites, and a
// surprising answer would be worse than a question.
namespace mlbuild::debian {
namespace {

struct Need {
  DependencyGroup group;
  const Package* from = nullptr;
};

int priority_rank(std::string_view priority) {
  constexpr std::array<std::string_view, 5> kOrder = {"required", "important", "standard", "optional", "extra"};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), priority) - kOrder.begin());
}

class Resolution {
 public:
  Resolution(const PackagesIndex& index, const ClosureRequest& request)
      : index_(index), request_(request), preferred_(request.preferred.begin(), request.preferred.end()) {
    note_installed();
  }

  std::vector<ClosureMember> run() {
    for (const std::string& name : request_.wanted) select_wanted(name);
    for (;;) {
      follow_single_targets();
      if (!decide_one_choice()) break;
    }
    std::vector<ClosureMember> members;
    for (const auto& [name, member] : selected_) members.push_back(member);
    return members;
  }

 private:
  /// What a selected or installed package promises under a name: its version, or "" for an unversioned Provides.
  struct Offer {
    std::string version;
    bool is_real = false;
    std::string by;
  };
  struct Refusal {
    Dependency what;
    std::string by;
  };

  const PackagesIndex::State& state() const { return index_.state(); }

  static bool fits(const Dependency& dependency, const Offer& offer) {
    if (dependency.relation == VersionRelation::Any) return true;
    return !offer.version.empty() && dependency.accepts(offer.version);
  }

  // The version of what is installed counts; what it provides is taken from its candidate, which is right for
  // virtual names and only assumed for versioned Provides of the same version.
  void note_installed() {
    for (const auto& [name, version] : request_.installed) {
      offers_[name].push_back({version, true, name});
      const Package* candidate = index_.find(name);
      if (candidate == nullptr) continue;
      for (const DependencyGroup& group : parse_dependencies(candidate->provides)) {
        const bool same = candidate->version == version;
        offers_[group.front().name].push_back({same ? group.front().version : "", false, name});
      }
      if (candidate->version == version) note_refusals(*candidate);
    }
  }

  void note_refusals(const Package& package) {
    for (const std::string* field : {&package.conflicts, &package.breaks}) {
      for (const DependencyGroup& group : parse_dependencies(*field)) {
        refusals_[group.front().name].push_back({group.front(), package.name});
      }
    }
  }

  bool is_satisfied(const DependencyGroup& group) const {
    return std::any_of(group.begin(), group.end(), [&](const Dependency& dependency) {
      const auto found = offers_.find(dependency.name);
      return found != offers_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                   [&](const Offer& offer) { return fits(dependency, offer); });
    });
  }

  /// All packages that could satisfy one alternative, best first.
  std::vector<const Package*> targets(const Dependency& dependency, const Package* from) const {
    std::vector<const Package*> found;
    const Package* candidate = index_.find(dependency.name);
    if (candidate != nullptr && dependency.accepts(candidate->version)) found.push_back(candidate);
    std::vector<const Package*> providing;
    for (const Provider& provider : state().providers_of(dependency.name)) {
      if (fits(dependency, {provider.version, false, ""}) && provider.package != candidate) {
        providing.push_back(provider.package);
      }
    }
    const auto rank = [&](const Package* package) {
      const bool same_source = from != nullptr && package->source == from->source;
      return std::tuple(!same_source, !package->essential, priority_rank(package->priority));
    };
    std::stable_sort(providing.begin(), providing.end(),
                     [&](const Package* a, const Package* b) { return rank(a) < rank(b); });
    for (const Package* package : providing) {
      if (std::find(found.begin(), found.end(), package) == found.end()) found.push_back(package);
    }
    // An installed package stays at its version, so its candidate is no way to satisfy anything.
    std::erase_if(found, [&](const Package* package) { return request_.installed.contains(package->name); });
    return found;
  }

  std::vector<const Package*> targets(const Need& need) const {
    std::vector<const Package*> all;
    for (const Dependency& dependency : need.group) {
      for (const Package* package : targets(dependency, need.from)) {
        if (std::find(all.begin(), all.end(), package) == all.end()) all.push_back(package);
      }
    }
    std::stable_partition(all.begin(), all.end(), [&](const Package* p) { return preferred_.contains(p->name); });
    return all;
  }

  /// "`a` conflicts with `b (<< 2)`", or "" when the package can join what is selected.
  std::string conflict_of(const Package& package) const {
    for (const std::string* field : {&package.conflicts, &package.breaks}) {
      for (const DependencyGroup& group : parse_dependencies(*field)) {
        const auto found = offers_.find(group.front().name);
        if (found == offers_.end()) continue;
        for (const Offer& offer : found->second) {
          if (offer.by != package.name && fits(group.front(), offer)) {
            return fmt::format("`{}` conflicts with `{}` of `{}`", package.name, group.front().to_string(), offer.by);
          }
        }
      }
    }
    if (std::string other = refused_by(package.name, package.version, package.name); !other.empty()) return other;
    for (const DependencyGroup& group : parse_dependencies(package.provides)) {
      const Dependency& provided = group.front();
      if (std::string other = refused_by(provided.name, provided.version, package.name); !other.empty()) return other;
    }
    return {};
  }

  std::string refused_by(const std::string& name, const std::string& version, const std::string& package) const {
    const auto found = refusals_.find(name);
    if (found == refusals_.end()) return {};
    for (const Refusal& refusal : found->second) {
      if (refusal.by != package && fits(refusal.what, {version, false, ""})) {
        return fmt::format("`{}` conflicts with `{}` of `{}`", refusal.by, refusal.what.to_string(), package);
      }
    }
    return {};
  }

  /// "python3.11, which `python3-minimal` needs, which is wanted": from the package to the request.
  std::string chain_of(const Package* package) const {
    std::string chain;
    std::string name = package == nullptr ? "" : package->name;
    while (!name.empty()) {
      const auto found = selected_.find(name);
      if (found == selected_.end()) break;
      const std::string& because = found->second.because;
      chain += fmt::format("{}`{}`", chain.empty() ? "" : " <- ", name);
      name = because == "wanted" ? "" : because;
    }
    return chain.empty() ? "the request" : chain;
  }

  void select(const Package& package, std::string because) {
    if (selected_.contains(package.name)) return;
    if (const std::string conflict = conflict_of(package); !conflict.empty()) {
      throw Error(ErrorKind::Spec, fmt::format("Debian packages cannot be installed together: {}", conflict))
          .while_doing(fmt::format("adding `{}`, needed by {}", package.name,
                                   because == "wanted" ? "the request" : chain_of(index_.find(because))))
          .hint("ask for one of them only");
    }
    selected_[package.name] = {&package, std::move(because)};
    offers_[package.name].push_back({package.version, true, package.name});
    for (const DependencyGroup& group : parse_dependencies(package.provides)) {
      offers_[group.front().name].push_back({group.front().version, false, package.name});
    }
    note_refusals(package);
    for (const std::string* field : {&package.pre_depends, &package.depends}) {
      for (DependencyGroup& group : parse_dependencies(*field)) open_.push_back({std::move(group), &package});
    }
  }

  void select_wanted(const std::string& name) {
    if (request_.installed.contains(name)) return;
    if (const Package* package = index_.find(name); package != nullptr) return select(*package, "wanted");
    Dependency dependency;
    dependency.name = name;
    const auto providing = targets(dependency, nullptr);
    if (providing.size() == 1) return select(*providing.front(), "wanted");
    Error error(ErrorKind::Spec, fmt::format("there is no Debian package `{}`", printable(name)));
    if (!providing.empty()) {
      std::vector<std::string> names;
      for (const Package* package : providing) names.push_back("`" + package->name + "`");
      error.hint(fmt::format("it is a virtual name; take one of {}", join(names, ", ")));
    } else if (const auto near = nearest_word(name, index_.names())) {
      error.hint(fmt::format("did you mean `{}`?", *near));
    }
    throw error;
  }

  [[noreturn]] void fail_unsatisfiable(const Need& need) const {
    Error error(ErrorKind::Spec, fmt::format("Debian package `{}` needs `{}`, which no enabled suite offers",
                                             need.from->name, to_string(need.group)));
    for (const Dependency& dependency : need.group) {
      if (const auto found = request_.installed.find(dependency.name); found != request_.installed.end()) {
        error.hint(fmt::format("the base has `{}` {}; {}", found->first, found->second, request_.newer_base));
      }
    }
    throw error.while_doing(fmt::format("following {}", chain_of(need.from)));
  }

  void follow_single_targets() {
    while (!open_.empty()) {
      Need need = std::move(open_.front());
      open_.pop_front();
      if (is_satisfied(need.group)) continue;
      const auto possible = targets(need);
      if (possible.empty()) fail_unsatisfiable(need);
      if (possible.size() == 1) {
        select(*possible.front(), need.from->name);
      } else {
        choices_.push_back(std::move(need));
      }
    }
  }

  bool decide_one_choice() {
    while (!choices_.empty()) {
      const Need need = std::move(choices_.front());
      choices_.pop_front();
      if (is_satisfied(need.group)) continue;
      const auto possible = targets(need);
      for (const Package* package : possible) {
        if (!conflict_of(*package).empty()) continue;
        select(*package, need.from->name);
        return true;
      }
      select(*possible.front(), need.from->name);  // throws, explaining the first conflict
    }
    return false;
  }

  const PackagesIndex& index_;
  const ClosureRequest& request_;
  std::set<std::string> preferred_;
  std::map<std::string, ClosureMember> selected_;
  std::unordered_map<std::string, std::vector<Offer>> offers_;
  std::unordered_map<std::string, std::vector<Refusal>> refusals_;
  std::deque<Need> open_;
  std::deque<Need> choices_;
};

}  // namespace

std::vector<ClosureMember> resolve_closure(const PackagesIndex& index, const ClosureRequest& request) {
  return Resolution(index, request).run();
}

}  // namespace mlbuild::debian
