#include "credential_record.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlbuild {
namespace {

using nlohmann::json;

// A docker config with hundreds of registries has some hundred kilobytes.
constexpr std::size_t kMaxBytes = 4U << 20U;
constexpr std::size_t kMaxDepth = 32;
constexpr double kMaxNumber = 1e15;  // beyond, a double no longer fits or counts by ones

}  // namespace

CredentialRecord CredentialRecord::parse(std::string_view text, std::string what) {
  if (text.size() > kMaxBytes) {
    throw Error(ErrorKind::Step, fmt::format("{} has {} bytes, more than {}", what, text.size(), kMaxBytes));
  }
  if (json_depth(text) > kMaxDepth) throw Error(ErrorKind::Step, fmt::format("{} is nested too deeply", what));
  try {
    json value = json::parse(text);
    if (value.is_object()) return {std::move(value), std::move(what)};
  } catch (const json::parse_error& failure) {
    throw Error(ErrorKind::Step, fmt::format("{} is no valid JSON (at byte {})", what, failure.byte));
  } catch (const json::out_of_range&) {  // what a number beyond any double is for nlohmann/json
    throw Error(ErrorKind::Step, fmt::format("{} holds a number that is too large", what));
  }
  throw Error(ErrorKind::Step, fmt::format("{} is no JSON object", what));
}

CredentialRecord CredentialRecord::read(const std::filesystem::path& path, const std::string& kind) {
  const std::string what = fmt::format("{} `{}`", kind, path.string());
  try {
    return parse(read_text_file(path, kMaxBytes), what);
  } catch (const Error& failure) {
    if (failure.kind() == ErrorKind::Step) throw;
    throw Error(ErrorKind::Step, fmt::format("{} cannot be read: {}", what, failure.message()));
  }
}

void CredentialRecord::refuse(const std::string& name, const char* wanted) const {
  throw Error(ErrorKind::Step, fmt::format("{}: `{}` is {}", what_, printable(name), wanted));
}

const json* CredentialRecord::member(const std::string& name) const {
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool CredentialRecord::has(const std::string& name) const { return member(name) != nullptr; }

std::string CredentialRecord::text(const std::string& name) const {
  const json* value = member(name);
  if (value == nullptr) return "";
  if (!value->is_string()) refuse(name, "no string");
  return value->get<std::string>();
}

std::string CredentialRecord::required(const std::string& name) const {
  std::string value = text(name);
  if (value.empty()) refuse(name, "missing");
  return value;
}

std::optional<std::int64_t> CredentialRecord::number(const std::string& name) const {
  const json* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_float()) {
    const double number = value->get<double>();
    return std::abs(number) < kMaxNumber ? static_cast<std::int64_t>(number) : 0;
  }
  if (!value->is_number_integer()) refuse(name, "no number");
  return value->get<std::int64_t>();
}

std::vector<std::string> CredentialRecord::texts(const std::string& name) const {
  const json* value = member(name);
  if (value == nullptr) return {};
  if (!value->is_array()) refuse(name, "no list");
  std::vector<std::string> list;
  for (const json& entry : *value) {
    if (!entry.is_string()) refuse(name, "no list of strings");
    list.push_back(entry.get<std::string>());
  }
  return list;
}

std::optional<CredentialRecord> CredentialRecord::record(const std::string& name) const {
  const json* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) refuse(name, "no object");
  return CredentialRecord(*value, fmt::format("{}, `{}`", what_, printable(name)));
}

std::vector<std::string> CredentialRecord::names() const {
  std::vector<std::string> names;
  for (const auto& item : value_.items()) names.push_back(item.key());
  return names;
}

bool CredentialRecord::flag(const std::string& name) const {
  const json* value = member(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse(name, "neither true nor false");
  return value->get<bool>();
}

}  // namespace mlbuild
