#include "mlbuild/report/audit_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

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

json bytes_value(const SavedBytes& saved) {
  json value = json::object();
  value["compressed_bytes"] = saved.compressed_bytes ? json(*saved.compressed_bytes) : json();
  value["plain_bytes"] = saved.plain_bytes ? json(*saved.plain_bytes) : json();
  return value;
}

json place_value(const Location& place) {
  if (!place.known()) return {};
  return {{"file", place.file}, {"line", place.line}, {"column", place.column}};
}

json edit_value(const TextEdit& edit) {
  constexpr std::array<const char*, 3> kKinds{"replace", "remove", "append"};
  return {{"kind", kKinds[static_cast<std::size_t>(edit.kind)]},
          {"at", place_value(edit.location)},
          {"before", edit.before},
          {"after", edit.after}};
}

json finding_value(const Finding& finding) {
  json patch = json::array();
  for (const TextEdit& edit : finding.patch) patch.push_back(edit_value(edit));
  return {{"id", finding.id},
          {"severity", severity_name(finding.severity)},
          {"title", finding.title},
          {"saves", bytes_value(finding.saves)},
          {"measured", finding.measured},
          {"evidence", finding.evidence},
          {"way_out", finding.way_out},
          {"at", place_value(finding.location)},
          {"patch", std::move(patch)}};
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
  json findings = json::array();
  for (const Finding& finding : result.findings) findings.push_back(finding_value(finding));
  const json value{{"subject", subject},
                   {"findings", std::move(findings)},
                   {"notes", result.notes},
                   {"total", bytes_value(result.total)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
