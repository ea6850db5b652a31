#include "record_claims.hpp"

#include "member_hash.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

// "Recording installed projects": the hash is urlsafe base64 without padding; some tools leave the padding in.
std::string_view without_padding(std::string_view hash) {
  while (hash.ends_with('=')) hash.remove_suffix(1);
  return hash;
}

/// PEP 427, "Signed wheel files": RECORD's signatures cannot be listed with a hash.
bool is_signature(const WheelArchive& wheel, std::string_view name) {
  return name == wheel.dist_info + "/RECORD.jws" || name == wheel.dist_info + "/RECORD.p7s";
}

}  // namespace

RecordClaims::RecordClaims(const WheelArchive& wheel) : wheel_(wheel) {
  for (const python::RecordRow& row : wheel.record) add_row(row);
  for (const auto& [path, row] : rows_) {
    const auto member = std::lower_bound(wheel.members.begin(), wheel.members.end(), path,
                                         [](const ZipMember& a, std::string_view name) { return a.name < name; });
    const bool there = member != wheel.members.end() && member->name == path;
    if (!there) oddities_["lists a missing file"].emplace_back(path);
  }
}

void RecordClaims::add_row(const python::RecordRow& row) {
  const auto [place, is_new] = rows_.emplace(row.path, &row);
  if (is_new) return;
  const python::RecordRow& first = *place->second;
  if (first.hash_algorithm != row.hash_algorithm || first.hash_value != row.hash_value ||
      first.size_bytes != row.size_bytes) {
    throw Error(ErrorKind::Foreign, fmt::format("RECORD lists `{}` twice with different claims", printable(row.path)));
  }
}

std::string RecordClaims::hash_of(const ZipMember& member) {
  const auto found = rows_.find(member.name);
  const python::RecordRow* row = found == rows_.end() ? nullptr : found->second;
  if (row != nullptr && row->size_bytes && *row->size_bytes != member.size_bytes) {
    throw Error(ErrorKind::Foreign,
                fmt::format("`{}` has {} bytes, RECORD says {}", member.name, member.size_bytes, *row->size_bytes));
  }
  if (row != nullptr && row->hash_algorithm == "sha256") return std::string(without_padding(row->hash_value));
  if (row == nullptr) {
    if (!is_signature(wheel_, member.name)) oddities_["does not list"].push_back(member.name);
  } else if (row->hash_algorithm.empty()) {
    if (!is_signature(wheel_, member.name)) oddities_["has no hash for"].push_back(member.name);
  } else {
    oddities_["has no sha256 hash for"].push_back(member.name);
  }
  return python::record_hash(hash_member(*wheel_.file, member));
}

std::vector<std::string> RecordClaims::warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [oddity, names] : oddities_) {
    std::string warning = fmt::format("RECORD {} `{}`", oddity, printable(names.front()));
    if (names.size() > 1) warning += fmt::format(" and {} more", names.size() - 1);
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

}  // namespace mlbuild
