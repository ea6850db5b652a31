#include "mlbuild/store/key_card.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

namespace mlbuild {

using nlohmann::json;

KeyCard::KeyCard(std::string_view kind, int version) : kind_(kind), version_(version) {}

KeyCard& KeyCard::set(std::string_view name, std::string_view value) {
  if (!fields_.emplace(name, value).second) {
    throw Error(ErrorKind::Internal, fmt::format("key card `{}` has field `{}` twice", kind_, name));
  }
  return *this;
}

std::string KeyCard::to_json() const { return json{{"kind", kind_}, {"version", version_}, {"fields", fields_}}.dump(); }

KeyCard KeyCard::parse(std::string_view text) {
  try {
    const json value = json::parse(text);
    KeyCard card(value.at("kind").get<std::string>(), value.at("version").get<int>());
    card.fields_ = value.at("fields").get<std::map<std::string, std::string>>();
    return card;
  } catch (const json::exception& failure) {
    throw Error(ErrorKind::Foreign, fmt::format("a key card is malformed: {}", failure.what()));
  }
}

StepKey KeyCard::key() const { return StepKey(sha256(to_json())); }

std::vector<CardChange> diff(const KeyCard& before, const KeyCard& after) {
  std::vector<CardChange> changes;
  if (before.kind() != after.kind()) changes.push_back({"kind", before.kind(), after.kind()});
  if (before.version() != after.version()) {
    changes.push_back({"version", std::to_string(before.version()), std::to_string(after.version())});
  }
  std::map<std::string, CardChange> fields;
  for (const auto& [name, value] : before.fields()) fields[name] = {name, value, ""};
  for (const auto& [name, value] : after.fields()) {
    fields[name].field = name;
    fields[name].after = value;
  }
  for (const auto& [name, change] : fields) {
    if (change.before != change.after) changes.push_back(change);
  }
  return changes;
}

}  // namespace mlbuild
