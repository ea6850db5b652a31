#include "python_place.hpp"

#include "mlbuild/base/text.hpp"

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

/// In the order of a usual PATH.
constexpr std::array kPrograms = {"usr/local/bin/python3", "usr/local/bin/python", "opt/conda/bin/python3",
                                  "opt/venv/bin/python3",  "usr/bin/python3",      "usr/bin/python"};

std::string_view file_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_version(std::string_view text) {
  const auto dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
         text.find_first_not_of("0123456789.") == std::string_view::npos &&
         text.find('.', dot + 1) == std::string_view::npos;
}

}  // namespace

PythonPlace find_python(const ImageTree& tree) {
  for (const char* program : kPrograms) {
    const std::optional<std::string> real = tree.resolve(program);
    if (!real || tree.object(*real) == nullptr) continue;
    const std::string_view name = file_of(*real);  // "python3.11"
    const std::string_view version = name.starts_with("python") ? name.substr(6) : std::string_view();
    return {*real, is_version(version) ? std::string(version) : ""};
  }
  return {};
}

ModuleTag module_tag(std::string_view file_name, std::string_view python_version, std::string_view machine) {
  constexpr std::string_view kSuffix = ".so";
  if (!file_name.ends_with(kSuffix)) return ModuleTag::None;
  const std::string_view stem = file_name.substr(0, file_name.size() - kSuffix.size());
  const auto dot = stem.find('.');
  if (dot == std::string_view::npos) return ModuleTag::Plain;
  const std::string_view tag = stem.substr(dot + 1);
  if (tag == "abi3") return ModuleTag::This;
  constexpr std::string_view kCpython = "cpython-";
  if (tag.starts_with("pypy") || tag.starts_with("graalpy")) return ModuleTag::OtherAbi;
  if (!tag.starts_with(kCpython))
    return ModuleTag::None;  // "libscipy_openblas-6ee5.so" has no dot; "a.b.so" is a library
  const std::string_view rest = tag.substr(kCpython.size());
  const auto dash = rest.find('-');
  const std::string abi(rest.substr(0, dash));
  const std::string_view host = dash == std::string_view::npos ? std::string_view() : rest.substr(dash + 1);
  if (!host.empty() && host != std::string(machine) + "-linux-gnu") return ModuleTag::OtherHost;
  std::string wanted(python_version);
  std::erase(wanted, '.');
  return abi == wanted ? ModuleTag::This : ModuleTag::OtherAbi;
}

std::string_view module_name(std::string_view path) {
  const std::string_view name = file_of(path);
  return name.substr(0, name.find('.'));
}

}  // namespace mlbuild
