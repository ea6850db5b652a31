#include "mlbuild/python/prune.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"

#include <algorithm>

namespace mlbuild::python {
namespace {

struct Ending {
  std::string_view text;
  PruneKind kind;
};

constexpr std::array kEndings = {
    Ending{".pyi", PruneKind::TypeStubs},        Ending{".h", PruneKind::Headers},
    Ending{".hh", PruneKind::Headers},           Ending{".hpp", PruneKind::Headers},
    Ending{".hxx", PruneKind::Headers},          Ending{".cuh", PruneKind::Headers},
    Ending{".pxd", PruneKind::Headers},          Ending{".pxi", PruneKind::Headers},
    Ending{".a", PruneKind::StaticLibraries},    Ending{".c", PruneKind::Sources},
    Ending{".cc", PruneKind::Sources},           Ending{".cpp", PruneKind::Sources},
    Ending{".cxx", PruneKind::Sources},          Ending{".cu", PruneKind::Sources},
    Ending{".pyx", PruneKind::Sources},          Ending{".f", PruneKind::Sources},
    Ending{".f90", PruneKind::Sources},          Ending{".js.map", PruneKind::Documentation},
    Ending{".css.map", PruneKind::Documentation}};

bool is_licence(std::string_view file_name) {
  const std::string lower = to_lower(file_name);
  return lower.starts_with("licen") || lower.starts_with("copying") || lower.starts_with("notice");
}

}  // namespace

std::string_view prune_name(PruneKind kind) {
  constexpr std::array<std::string_view, kPruneKinds.size()> kNames{
      "tests", "type-stubs", "headers", "static-libraries", "sources", "documentation"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<PruneKind> prune_kind_of(std::string_view path) {
  std::vector<std::string_view> parts = split(path, '/');
  const std::string_view file = parts.back();
  parts.pop_back();
  if (is_licence(file)) return std::nullopt;
  bool is_documentation = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 0 && (parts[i].ends_with(".dist-info") || parts[i].ends_with(".data"))) return std::nullopt;
    if (parts[i] == "tests" || parts[i] == "test") return PruneKind::Tests;
    is_documentation = is_documentation || parts[i] == "docs" || parts[i] == "doc";
  }
  const auto ending = std::ranges::find_if(kEndings, [&](const Ending& one) { return file.ends_with(one.text); });
  if (ending != kEndings.end()) return ending->kind;
  const bool is_code = file.ends_with(".py") || file.ends_with(".pyc") || file.find(".so") != std::string_view::npos;
  if (is_documentation && !is_code) return PruneKind::Documentation;  // botocore imports botocore.docs
  return std::nullopt;
}

bool PrunePolicy::any() const { return std::ranges::count(kinds, true) > 0; }

bool PrunePolicy::drops(std::string_view project, std::string_view path) const {
  const std::optional<PruneKind> kind = prune_kind_of(path);
  if (!kind || !kinds[static_cast<std::size_t>(*kind)]) return false;
  return std::ranges::none_of(keep, [&](const std::string& exception) {
    return normalize_name(exception) == project || is_at_or_below(path, exception);
  });
}

std::string PrunePolicy::canonical() const {
  if (!any()) return {};
  std::string text;
  for (const PruneKind kind : kPruneKinds) {
    if (!kinds[static_cast<std::size_t>(kind)]) continue;
    text.append(text.empty() ? "" : " ").append(prune_name(kind));
  }
  for (std::size_t i = 0; i < keep.size(); ++i) text.append(i == 0 ? ", keep " : " ").append(keep[i]);
  return text;
}

}  // namespace mlbuild::python
