#include "strict_json.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kTextLimit = 4096;

/// Text that ends up in messages, file names and requests: no control characters, not endless.
bool is_sane(const std::string& text) {
  return text.size() <= kTextLimit && is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

}  // namespace

StrictObject::StrictObject(const nlohmann::json& value, std::string place) : value_(value), place_(std::move(place)) {
  if (!value_.is_object())
    throw Error(ErrorKind::Spec, fmt::format("`{}` is no object", place_.empty() ? "the lock" : place_));
}

std::string StrictObject::place_of(const std::string& name) const {
  return place_.empty() ? name : place_ + "." + name;
}

void StrictObject::refuse(const std::string& name, const std::string& why) const {
  throw Error(ErrorKind::Spec, fmt::format("`{}` {}", printable(place_of(name)), why));
}

const nlohmann::json* StrictObject::find(const std::string& name) {
  known_.insert(name);
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

const nlohmann::json& StrictObject::member(const std::string& name) {
  const nlohmann::json* found = find(name);
  if (found == nullptr) refuse(name, "is missing");
  return *found;
}

std::string StrictObject::text(const std::string& name) {
  const nlohmann::json& value = member(name);
  if (!value.is_string() || !is_sane(value.get_ref<const std::string&>())) refuse(name, "is no text");
  return value.get<std::string>();
}

std::uint64_t StrictObject::number(const std::string& name) {
  const nlohmann::json& value = member(name);
  if (!value.is_number_unsigned()) refuse(name, "is no number");
  return value.get<std::uint64_t>();
}

BlobDigest StrictObject::digest(const std::string& name) {
  const std::string value = text(name);
  constexpr std::string_view kPrefix = "sha256:";
  if (!value.starts_with(kPrefix) || !Digest::is_hex(std::string_view(value).substr(kPrefix.size())))
    refuse(name, "is no SHA-256 digest");
  return BlobDigest::parse(value);
}

const nlohmann::json& StrictObject::list(const std::string& name) {
  const nlohmann::json& value = member(name);
  if (!value.is_array()) refuse(name, "is no list");
  return value;
}

std::vector<std::string> StrictObject::texts(const std::string& name) {
  std::vector<std::string> result;
  for (const nlohmann::json& item : list(name)) {
    if (!item.is_string() || !is_sane(item.get_ref<const std::string&>())) refuse(name, "is no list of texts");
    result.push_back(item.get<std::string>());
  }
  return result;
}

StrictObject StrictObject::object(const std::string& name) { return {member(name), place_of(name)}; }

void StrictObject::each(const std::string& name, const std::function<void(StrictObject&)>& read) {
  std::size_t index = 0;
  for (const nlohmann::json& item : list(name)) {
    StrictObject object(item, fmt::format("{}[{}]", place_of(name), index++));
    read(object);
    object.finish();
  }
}

void StrictObject::finish() const {
  for (const auto& [name, value] : value_.items()) {
    if (!known_.contains(name)) refuse(name, "is not known to this release of mlbuild");
  }
}

}  // namespace mlbuild
