#pragma once

#include "mlbuild/audit/finding.hpp"
#include "mlbuild/audit/package_graph.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// Bytes that are not a whole package: files of one, or of none.
struct DraftPart {
  std::string id;       ///< the same bytes have the same
  std::string package;  ///< wheel that they are part of, "" for none: counted once when the whole goes, too
  SavedBytes bytes;
};

/// A finding before its bytes are counted.
struct Draft {
  Finding finding;
  GraphChange wheels, debs;
  std::vector<DraftPart> parts;
};

/// Begins a finding of this rule.
Draft draft_of(std::string_view rule_id, std::string title);

/// Counts what each saves alone, and all together, each byte once; sorts by it.
AuditResult count_drafts(std::vector<Draft> drafts, const PackageGraph& wheels, const PackageGraph& debs);

}  // namespace mlbuild
