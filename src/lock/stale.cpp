#include "mlbuild/lock/lock.hpp"
#include "mlbuild/lock/resolve.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

using Lines = std::vector<std::string>;

/// What is only in one of two lists, each as often as it is there more.
Lines only_in(const json& list, const json& other, const std::string& field, char sign) {
  Lines lines;
  std::vector<std::string> rest;
  for (const json& item : other) rest.push_back(text_of(item));
  for (const json& item : list) {
    const auto match = std::find(rest.begin(), rest.end(), text_of(item));
    if (match != rest.end()) {
      rest.erase(match);
    } else {
      lines.push_back(fmt::format("{}: {} {}", field, sign, text_of(item)));
    }
  }
  return lines;
}

void compare(const json& before, const json& now, const std::string& field, Lines& lines);

void compare_lists(const json& before, const json& now, const std::string& field, Lines& lines) {
  const Lines gone = only_in(before, now, field, '-');
  const Lines added = only_in(now, before, field, '+');
  lines.insert(lines.end(), gone.begin(), gone.end());
  lines.insert(lines.end(), added.begin(), added.end());
  if (gone.empty() && added.empty()) lines.push_back(field + ": another order");
}

void compare_objects(const json& before, const json& now, const std::string& field, Lines& lines) {
  json names = before;
  names.update(now);
  for (const auto& [name, ignored] : names.items()) {
    const std::string place = field.empty() ? name : field + "." + name;
    compare(before.contains(name) ? before[name] : json(), now.contains(name) ? now[name] : json(), place, lines);
  }
}

void compare(const json& before, const json& now, const std::string& field, Lines& lines) {
  const auto is = [&](json::value_t type) {  // an absent list or object is an empty one
    return (before.type() == type || before.is_null()) && (now.type() == type || now.is_null());
  };
  if (before == now) return;
  if (is(json::value_t::object))
    return compare_objects(before.is_null() ? json::object() : before, now.is_null() ? json::object() : now, field,
                           lines);
  if (is(json::value_t::array))
    return compare_lists(before.is_null() ? json::array() : before, now.is_null() ? json::array() : now, field, lines);
  if (before.is_null()) {
    lines.push_back(fmt::format("{}: + {}", field, text_of(now)));
  } else if (now.is_null()) {
    lines.push_back(fmt::format("{}: - {}", field, text_of(before)));
  } else {
    lines.push_back(fmt::format("{}: {} -> {}", field, text_of(before), text_of(now)));
  }
}

Lines compare_parts(const std::string& before, const std::string& now) {
  Lines lines;
  const json old_part = json::parse(before, nullptr, false);
  const json new_part = json::parse(now, nullptr, false);
  if (!old_part.is_discarded() && !new_part.is_discarded()) compare(old_part, new_part, "", lines);
  if (lines.empty()) lines.emplace_back("the spec is read differently by this release of mlbuild");
  return lines;
}

std::string named(const std::string& variant) { return variant.empty() ? "" : fmt::format("variant {}: ", variant); }

/// A change is told once, though each platform has it.
void add_new(Lines& lines, const std::string& line) {
  if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
}

}  // namespace

std::vector<std::string> explain_stale(const Lock& lock, const Spec& spec) {
  Lines lines;
  std::size_t wanted = 0;
  for (const SpecVariant& variant : spec.variants) {
    const BlobDigest digest = locked_part_digest(spec, variant);
    for (const oci::Platform& platform : spec.platforms) {
      const LockedImage* image = lock.find(variant.name, platform);
      if (image == nullptr) {
        add_new(lines, fmt::format("{}platforms: + {}", named(variant.name), platform.to_string()));
        continue;
      }
      ++wanted;
      if (image->spec_digest == digest) continue;
      for (const std::string& line : compare_parts(image->spec_part, locked_part_json(spec, variant)))
        add_new(lines, named(variant.name) + line);
    }
  }
  if (lines.empty() && wanted < lock.images.size())
    lines.emplace_back("the lock holds variants or platforms that the spec no longer has");
  return lines;
}

}  // namespace mlbuild
