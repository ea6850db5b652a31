#include "mlbuild/report/audit_text.hpp"

#include "findings_value.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownEvidence = 8;

std::string bytes_text(const SavedBytes& saved) {
  if (saved.compressed_bytes && saved.plain_bytes) {
    return fmt::format("{} compressed, {} plain", human_bytes(*saved.compressed_bytes),
                       human_bytes(*saved.plain_bytes));
  }
  if (saved.compressed_bytes) return human_bytes(*saved.compressed_bytes) + " compressed";
  if (saved.plain_bytes) return human_bytes(*saved.plain_bytes) + " plain";
  return {};
}

std::string place_text(const Location& place) {
  if (!place.known()) return {};
  return place.line == 0 ? printable(place.file)
                         : fmt::format("{}:{}:{}", printable(place.file), place.line, place.column);
}

std::string finding_text(const Finding& finding) {
  std::string text = fmt::format("{}: {}\n", finding.id, finding.title);
  const std::string bytes = bytes_text(finding.saves);
  if (!bytes.empty()) {
    text += fmt::format("  saves {} ({})\n", bytes, finding.measured);
  } else if (!finding.measured.empty()) {
    text += fmt::format("  {}\n", finding.measured);
  }
  if (finding.location.known()) text += fmt::format("  at {}\n", place_text(finding.location));
  for (std::size_t i = 0; i < std::min(kShownEvidence, finding.evidence.size()); ++i) {
    text += fmt::format("    {}\n", finding.evidence[i]);
  }
  if (finding.evidence.size() > kShownEvidence) {
    text += fmt::format("    and {} more\n", finding.evidence.size() - kShownEvidence);
  }
  text += fmt::format("  {}: {}\n", finding.severity == Severity::Note ? "consider" : "way out", finding.way_out);
  if (!finding.patch.empty()) {
    text += fmt::format("  `--apply{}` does it\n",
                        finding.severity == Severity::Note ? " --rule " + finding.id : std::string());
  }
  return text;
}

}  // namespace

std::string audit_text(const std::string& subject, const AuditResult& result) {
  std::string text;
  for (const Finding& finding : result.findings) text += finding_text(finding) + "\n";
  const std::string total = bytes_text(result.total);
  const auto is_note = [](const Finding& finding) { return finding.severity == Severity::Note; };
  if (result.findings.empty()) {
    text += fmt::format("{}: nothing to say\n", printable(subject));
  } else if (std::ranges::all_of(result.findings, is_note)) {
    text += fmt::format("{}: nothing that should change; what is to be considered is a choice\n", printable(subject));
  } else if (!total.empty()) {
    text += fmt::format("{}: {} together, each byte once, what is only to be considered left out\n", printable(subject),
                        total);
  }
  for (const std::string& note : result.notes) text += fmt::format("note: {}\n", printable(note));
  return text;
}

std::string audit_json(const std::string& subject, const AuditResult& result) {
  const json value{{"subject", subject},
                   {"findings", findings_value(result.findings)},
                   {"notes", result.notes},
                   {"total", saved_bytes_value(result.total)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
