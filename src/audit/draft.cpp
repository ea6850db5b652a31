#include "draft.hpp"

#include "mlbuild/audit/rules.hpp"

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

/// A sum that knows whether it has everything.
class ByteSum {
 public:
  void add(const SavedBytes& bytes) {
    add(compressed_, bytes.compressed_bytes);
    add(plain_, bytes.plain_bytes);
    any_ = true;
  }
  void take(const SavedBytes& bytes) {
    take(compressed_, bytes.compressed_bytes);
    take(plain_, bytes.plain_bytes);
  }
  SavedBytes exact() const { return any_ ? SavedBytes{exact(compressed_), exact(plain_)} : SavedBytes{}; }
  /// Of compressed bytes at least what is known: files beside the spec have none yet.
  SavedBytes at_least() const { return {at_least(compressed_), exact(plain_)}; }

 private:
  struct Side {
    std::uint64_t added = 0, taken = 0;
    bool complete = true, known = false;
  };
  static void add(Side& side, const std::optional<std::uint64_t>& bytes) {
    side.added += bytes.value_or(0);
    side.complete = side.complete && bytes.has_value();
    side.known = side.known || bytes.has_value();
  }
  static void take(Side& side, const std::optional<std::uint64_t>& bytes) {
    side.taken += bytes.value_or(0);
    side.complete = side.complete && bytes.has_value();
  }
  static std::uint64_t rest(const Side& side) { return side.added - std::min(side.added, side.taken); }
  static std::optional<std::uint64_t> exact(const Side& side) {
    return side.complete ? std::optional(rest(side)) : std::nullopt;
  }
  static std::optional<std::uint64_t> at_least(const Side& side) {
    return side.known ? std::optional(rest(side)) : std::nullopt;
  }

  Side compressed_, plain_;
  bool any_ = false;
};

class Counter {
 public:
  Counter(const PackageGraph& wheels, const PackageGraph& debs) : wheels_(wheels), debs_(debs) {}

  ByteSum count(const GraphChange& wheels, const GraphChange& debs, const std::vector<DraftPart>& parts) const {
    ByteSum sum;
    const std::set<std::string> gone = wheels_.gone(wheels);
    for (const std::string& name : gone) sum.add(wheels_.find(name)->bytes);
    for (const std::string& name : debs_.gone(debs)) sum.add(debs_.find(name)->bytes);
    std::set<std::string> counted;
    for (const DraftPart& part : parts) {
      if (!gone.contains(part.package) && counted.insert(part.id).second) sum.add(part.bytes);
    }
    for (const GraphPackage& package : wheels_.added(wheels)) sum.take(package.bytes);
    return sum;
  }

 private:
  const PackageGraph& wheels_;
  const PackageGraph& debs_;
};

}  // namespace

Draft draft_of(std::string_view rule_id, std::string title) {
  const AuditRule& rule = audit_rule(rule_id);
  Draft draft;
  draft.finding.id = rule.id;
  draft.finding.severity = rule.severity;
  draft.finding.title = std::move(title);
  draft.finding.way_out = rule.way_out;
  return draft;
}

AuditResult count_drafts(std::vector<Draft> drafts, const PackageGraph& wheels, const PackageGraph& debs) {
  const Counter counter(wheels, debs);
  AuditResult result;
  GraphChange all_wheels, all_debs;
  std::vector<DraftPart> all_parts;
  for (Draft& draft : drafts) {
    draft.finding.saves = counter.count(draft.wheels, draft.debs, draft.parts).exact();
    if (draft.finding.severity != Severity::Note) {
      all_wheels += draft.wheels;
      all_debs += draft.debs;
      std::ranges::copy(draft.parts, std::back_inserter(all_parts));
    }
    result.findings.push_back(std::move(draft.finding));
  }
  if (!result.findings.empty()) result.total = counter.count(all_wheels, all_debs, all_parts).at_least();
  std::ranges::stable_sort(result.findings, std::ranges::greater(),
                           [](const Finding& finding) { return finding.saves.weight(); });
  return result;
}

}  // namespace mlbuild
