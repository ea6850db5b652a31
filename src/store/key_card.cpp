#include "mlbuild/store/key_card.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("a key card is malformed: {}", printable(why)));
}

}  // namespace

KeyCard::KeyCard(std::string_view kind, int version) : kind_(kind), version_(version) {}

KeyCard& KeyCard::set(std::string_view name, std::string_view value) {
  if (!fields_.emplace(name, value).second) {
    throw Error(ErrorKind::Internal, fmt::format("key card `{}` has field `{}` twice", kind_, name));
  }
  return *this;
}

std::string KeyCard::to_json() const {
  try {
    return json{{"kind", kind_}, {"version", version_}, {"fields", fields_}}.dump();
  } catch (const json::exception&) {
    // JSON is UTF-8. File names may be anything, but an image is meant to travel.
    for (const auto& [name, value] : fields_) {
      if (is_valid_utf8(value)) continue;
      throw Error(ErrorKind::Foreign,
                  fmt::format("`{}` is not UTF-8 (in field `{}`)", printable(value), printable(name)))
          .hint("rename the file, or whatever it names, to valid UTF-8");
    }
    throw Error(ErrorKind::Internal, fmt::format("key card `{}` cannot be written as JSON", printable(kind_)));
  }
}

KeyCard KeyCard::parse(std::string_view text) {
  try {
    const json value = json::parse(text);
    if (!value.is_object() || value.size() != 3) refuse("it is no record of kind, version and fields");
    const json& version = value.at("version");
    if (!version.is_number_integer() || version != version.get<int>()) refuse("its version is no small whole number");
    if (!value.at("fields").is_object()) refuse("its fields are no record");
    KeyCard card(value.at("kind").get<std::string>(), version.get<int>());
    card.fields_ = value.at("fields").get<std::map<std::string, std::string>>();
    return card;
  } catch (const json::exception& failure) {
    refuse(failure.what());
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
