#pragma once

#include "mlbuild/base/digest.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// The inputs of a step, as a sorted record: recipe kind, recipe version, input digests, parameters. No paths, times or
/// host facts. The key is the SHA-256 of its canonical JSON; the card is kept so that "why" is a field-wise difference
/// (docs/formats/key-card.md).
class KeyCard {
 public:
  KeyCard(std::string_view kind, int version);
  KeyCard& set(std::string_view name, std::string_view value);  ///< a name may be set once; twice is Error{Internal}
  const std::string& kind() const { return kind_; }
  int version() const { return version_; }
  const std::map<std::string, std::string>& fields() const { return fields_; }
  std::string to_json() const;                  ///< canonical
  static KeyCard parse(std::string_view json);  ///< throws Error{Foreign}
  StepKey key() const;

 private:
  std::string kind_;
  int version_;
  std::map<std::string, std::string> fields_;
};

/// One field that differs; before or after is empty where the field is absent there.
struct CardChange {
  std::string field;
  std::string before;
  std::string after;
  friend bool operator==(const CardChange&, const CardChange&) = default;
};

/// Differences in field order; a changed kind or version is reported as fields "kind" and "version".
std::vector<CardChange> diff(const KeyCard& before, const KeyCard& after);

}  // namespace mlbuild
