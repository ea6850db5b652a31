#include "build_system.hpp"

#include "toml.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/python/requirement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint64_t kProjectLimit = 1U << 20U;
constexpr std::size_t kRequirementLimit = 1000;

/// "NAME-1.0/pyproject.toml": the one at the top, not one of a test's data.
bool is_top_project(const TarEntry& entry) {
  const std::size_t slash = entry.path.find('/');
  return entry.type == TarType::File && slash != std::string::npos &&
         std::string_view(entry.path).substr(slash + 1) == "pyproject.toml";
}

bool needs_setuptools(const std::vector<std::string>& requirements) {
  return std::any_of(requirements.begin(), requirements.end(), [](const std::string& text) {
    Diagnostics ignored;
    const auto requirement = python::parse_requirement(text, {}, ignored);
    return requirement && requirement->name == "setuptools";
  });
}

void check(const std::string& text) {
  Diagnostics diagnostics;
  python::parse_requirement(text, {}, diagnostics);
  if (!diagnostics.empty())
    throw Error(ErrorKind::Foreign, fmt::format("its pyproject.toml asks for `{}`: {}", printable(text),
                                                diagnostics.errors().front().message()));
}

}  // namespace

std::vector<std::string> parse_build_requirements(std::string_view pyproject) {
  std::vector<std::string> requirements;
  const toml::table project = parse_toml(pyproject, "pyproject.toml");
  const toml::array* listed = project["build-system"]["requires"].as_array();
  if (listed == nullptr) return {"setuptools>=40.8.0", "wheel"};
  for (const toml::node& node : *listed) {
    const auto text = node.value<std::string>();
    if (!text || requirements.size() == kRequirementLimit)
      throw Error(ErrorKind::Foreign, "its pyproject.toml has a malformed `build-system.requires`");
    check(*text);
    requirements.push_back(*text);
  }
  // Before 70.1 setuptools asks for wheel at build time (PEP 517, get_requires_for_build_wheel), when there is no
  // network.
  if (needs_setuptools(requirements)) requirements.emplace_back("wheel");
  return requirements;
}

std::vector<std::string> read_build_requirements(std::unique_ptr<Source> tar_gz) {
  const std::unique_ptr<Source> tar = gunzip(std::move(tar_gz));
  std::string pyproject;
  read_tar(*tar, [&](const TarEntry& entry, Source& content) {
    if (!is_top_project(entry)) return;
    BytesSink text(kProjectLimit);
    copy(content, text);
    pyproject = text.text();
  });
  return parse_build_requirements(pyproject);
}

}  // namespace mlbuild
