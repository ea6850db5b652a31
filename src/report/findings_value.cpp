#include "findings_value.hpp"

#include <array>
#include <cstddef>

namespace mlbuild {

using nlohmann::json;

namespace {

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
          {"saves", saved_bytes_value(finding.saves)},
          {"measured", finding.measured},
          {"evidence", finding.evidence},
          {"way_out", finding.way_out},
          {"at", place_value(finding.location)},
          {"patch", std::move(patch)}};
}

}  // namespace

json saved_bytes_value(const SavedBytes& saved) {
  json value = json::object();
  value["compressed_bytes"] = saved.compressed_bytes ? json(*saved.compressed_bytes) : json();
  value["plain_bytes"] = saved.plain_bytes ? json(*saved.plain_bytes) : json();
  return value;
}

json findings_value(const std::vector<Finding>& findings) {
  json values = json::array();
  for (const Finding& finding : findings) values.push_back(finding_value(finding));
  return values;
}

}  // namespace mlbuild
