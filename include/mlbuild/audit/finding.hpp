#pragma once

#include "mlbuild/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What would be saved, as far as it is known: a wheel that was never opened has no plain size.
struct SavedBytes {
  std::optional<std::uint64_t> compressed_bytes, plain_bytes;
  bool known() const { return compressed_bytes || plain_bytes; }
  /// To sort by: compressed where that is known, as it is what travels.
  std::uint64_t weight() const { return compressed_bytes.value_or(plain_bytes.value_or(0)); }
  friend bool operator==(const SavedBytes&, const SavedBytes&) = default;
};

enum class Severity {
  Waste,  ///< bytes that nothing needs: `--apply` takes them out where there is a patch
  Risk,   ///< no bytes, but a way to fail later
  Note    ///< for a person to judge; `--apply` leaves it alone unless the rule is named
};
std::string_view severity_name(Severity severity);  ///< "waste", "risk", "note"

/// A change of one of the user's files that keeps everything around it.
struct TextEdit {
  enum class Kind {
    Replace,  ///< `before`, which stands at the location or behind it in the line, by `after`
    Remove,   ///< the item `before`: its line, or its part of a list in brackets
    Append    ///< `after` as a line of its own at the end of the file, which is made when missing
  } kind = Kind::Replace;
  Location location;
  std::string before, after;
  friend bool operator==(const TextEdit&, const TextEdit&) = default;
};

/// What one rule says about one subject.
struct Finding {
  std::string id;  ///< of the rule: docs/audit.md
  Severity severity = Severity::Waste;
  std::string title;
  SavedBytes saves;                   ///< by this alone
  std::string measured;               ///< how: "files of the image", "sizes of the locked wheels", ...
  std::vector<std::string> evidence;  ///< packages, files, places
  std::string way_out;
  Location location;            ///< of what to change, when a spec was audited
  std::vector<TextEdit> patch;  ///< empty: there is none
};

struct AuditResult {
  std::vector<Finding> findings;   ///< the most bytes first
  SavedBytes total;                ///< of all findings but notes, each byte once
  std::vector<std::string> notes;  ///< what could not be judged, and why
};

}  // namespace mlbuild
