#include "mlbuild/python/names.hpp"

#include "characters.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::python {
namespace {

constexpr std::size_t kFilenameLimit = 512;
constexpr std::size_t kTagSetLimit = 64;  // the largest real sets have about ten tags

bool is_separator(char c) { return c == '-' || c == '_' || c == '.'; }

[[noreturn]] void refuse_wheel_name(std::string_view filename, std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("`{}` is no wheel file name: {}", printable(filename), why));
}

bool is_tag(std::string_view tag) {
  return !tag.empty() && std::all_of(tag.begin(), tag.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

std::vector<std::string> split_tags(std::string_view filename, std::string_view set) {
  std::vector<std::string> tags;
  for (std::string_view tag : split(set, '.')) {
    if (!is_tag(tag)) refuse_wheel_name(filename, fmt::format("`{}` is no tag", printable(tag)));
    if (tags.size() == kTagSetLimit) refuse_wheel_name(filename, "too many tags");
    tags.push_back(to_lower(tag));
  }
  return tags;
}

}  // namespace

std::string normalize_name(std::string_view name) {
  std::string normalized;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_separator(name[i])) {
      normalized += name[i];
    } else if (i == 0 || !is_separator(name[i - 1])) {
      normalized += '-';
    }
  }
  return to_lower(normalized);
}

bool is_valid_name(std::string_view name) {
  if (name.empty() || !is_alphanumeric(name.front()) || !is_alphanumeric(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || is_separator(c); });
}

WheelFilename WheelFilename::parse(std::string_view filename) {
  if (filename.size() > kFilenameLimit) refuse_wheel_name(filename.substr(0, 80), "it is too long");
  if (!filename.ends_with(".whl")) refuse_wheel_name(filename, "it does not end in `.whl`");
  const std::vector<std::string_view> parts = split(filename.substr(0, filename.size() - 4), '-');
  if (parts.size() != 5 && parts.size() != 6) refuse_wheel_name(filename, "it has not five or six parts");
  if (!is_valid_name(parts[0])) refuse_wheel_name(filename, "the project name is malformed");
  if (parts[1] != trim(parts[1]) || !Version::parse(parts[1])) refuse_wheel_name(filename, "the version is malformed");

  WheelFilename wheel;
  wheel.distribution = parts[0];
  wheel.version = parts[1];
  if (parts.size() == 6) {
    if (parts[2].empty() || !is_digit(parts[2].front()) || !is_tag(parts[2]))
      refuse_wheel_name(filename, "the build tag is malformed");
    wheel.build_tag = parts[2];
  }
  wheel.python_tags = split_tags(filename, parts[parts.size() - 3]);
  wheel.abi_tags = split_tags(filename, parts[parts.size() - 2]);
  wheel.platform_tags = split_tags(filename, parts[parts.size() - 1]);
  return wheel;
}

std::optional<SdistFilename> SdistFilename::parse(std::string_view filename) {
  constexpr std::string_view kSuffix = ".tar.gz";
  if (filename.size() > kFilenameLimit || !filename.ends_with(kSuffix)) return std::nullopt;
  filename.remove_suffix(kSuffix.size());
  const std::size_t dash = filename.rfind('-');  // old sdists keep dashes in the name, none has one in the version
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view name = filename.substr(0, dash);
  const std::string_view version = filename.substr(dash + 1);
  if (!is_valid_name(name) || !Version::parse(version)) return std::nullopt;
  return SdistFilename{std::string(name), std::string(version)};
}

}  // namespace mlbuild::python
