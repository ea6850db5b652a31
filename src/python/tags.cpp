#include "mlbuild/python/tags.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

// The order is that of packaging.tags 26.3 for CPython, so that mlbuild, pip and uv choose the same file of a project.

namespace mlbuild::python {
namespace {

constexpr unsigned kVersionPartLimit = 99;  // bounds the list for foreign target descriptions

struct PythonVersion {
  unsigned major = 3;
  unsigned minor = 0;
};

unsigned parse_part(std::string_view text, std::string_view whole) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > kVersionPartLimit)
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is no Python version like `3.11`", printable(whole)));
  return value;
}

PythonVersion parse_python_version(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() < 2) return {parse_part("", text), 0};
  return {parse_part(parts[0], text), parse_part(parts[1], text)};
}

/// PEP 600, "Legacy manylinux tags".
std::string_view legacy_manylinux(unsigned glibc_minor) {
  if (glibc_minor == 17) return "manylinux2014";
  if (glibc_minor == 12) return "manylinux2010";
  if (glibc_minor == 5) return "manylinux1";
  return "";
}

std::vector<std::string> platform_tags(const TargetPlatform& target) {
  std::vector<std::string> tags = {"linux_" + target.machine};
  if (target.glibc_major != 2)
    throw Error(ErrorKind::Foreign, fmt::format("glibc {} is not known", target.glibc_major));
  // PEP 599 began other machines than x86 at glibc 2.17.
  const unsigned oldest = target.machine == "x86_64" || target.machine == "i686" ? 5 : 17;
  for (unsigned minor = std::min(target.glibc_minor, kVersionPartLimit); minor >= oldest; --minor) {
    tags.push_back(fmt::format("manylinux_2_{}_{}", minor, target.machine));
    if (const std::string_view legacy = legacy_manylinux(minor); !legacy.empty())
      tags.push_back(fmt::format("{}_{}", legacy, target.machine));
  }
  return tags;
}

bool contains(const std::vector<std::string>& tags, std::string_view tag) {
  return std::ranges::find(tags, tag) != tags.end();
}

}  // namespace

std::vector<std::string> compatible_tags(const TargetPlatform& target) {
  const PythonVersion python = parse_python_version(target.python_version);
  const std::vector<std::string> platforms = platform_tags(target);
  const auto nodot = [&](unsigned minor) { return fmt::format("{}{}", python.major, minor); };
  std::vector<std::string> tags;
  const auto add = [&](const std::string& interpreter, std::string_view abi) {
    for (const std::string& platform : platforms) tags.push_back(fmt::format("{}-{}-{}", interpreter, abi, platform));
  };
  const std::string own = "cp" + nodot(python.minor);
  add(own, own);
  add(own, "abi3");
  add(own, "none");
  for (unsigned minor = python.minor; minor-- > 2;) add("cp" + nodot(minor), "abi3");

  std::vector<std::string> generic = {"py" + nodot(python.minor), fmt::format("py{}", python.major)};
  for (unsigned minor = python.minor; minor-- > 0;) generic.push_back("py" + nodot(minor));
  for (const std::string& interpreter : generic) add(interpreter, "none");
  tags.push_back(own + "-none-any");
  for (const std::string& interpreter : generic) tags.push_back(interpreter + "-none-any");
  return tags;
}

// The sets of a name multiply, so the list is gone through instead: the first tag whose parts the name has is its best.
std::optional<std::size_t> rank_wheel(const WheelFilename& wheel, const std::vector<std::string>& compatible) {
  const auto found = std::ranges::find_if(compatible, [&](std::string_view tag) {
    const std::size_t python_end = tag.find('-'), abi_end = tag.find('-', python_end + 1);
    return contains(wheel.python_tags, tag.substr(0, python_end)) &&
           contains(wheel.abi_tags, tag.substr(python_end + 1, abi_end - python_end - 1)) &&
           contains(wheel.platform_tags, tag.substr(abi_end + 1));
  });
  if (found == compatible.end()) return std::nullopt;
  return static_cast<std::size_t>(found - compatible.begin());
}

std::optional<std::size_t> rank_wheel(const WheelFilename& wheel, const TargetPlatform& target) {
  return rank_wheel(wheel, compatible_tags(target));
}

std::string uv_platform(const TargetPlatform& target) {
  return fmt::format("{}-manylinux_{}_{}", target.machine, target.glibc_major, target.glibc_minor);
}

}  // namespace mlbuild::python
