#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// Files of wheels that programs seldom need while they run.
enum class PruneKind { Tests, TypeStubs, Headers, StaticLibraries, Sources, Documentation };
inline constexpr std::array kPruneKinds = {PruneKind::Tests,           PruneKind::TypeStubs, PruneKind::Headers,
                                           PruneKind::StaticLibraries, PruneKind::Sources,   PruneKind::Documentation};
/// As a key of the spec's `prune:`: "tests", "type-stubs", "headers", "static-libraries", "sources", "documentation".
std::string_view prune_name(PruneKind kind);

/// `path`: of a wheel's file below site-packages. Never of *.dist-info, of licences, or of what Python imports from a
/// directory that merely sounds like documentation.
std::optional<PruneKind> prune_kind_of(std::string_view path);

/// What is left out of the layers of wheels, and out of RECORD; docs/spec.md, "prune".
struct PrunePolicy {
  std::array<bool, kPruneKinds.size()> kinds{};
  std::vector<std::string> keep;  ///< exceptions: projects, or paths below site-packages; sorted

  bool any() const;
  bool drops(std::string_view project, std::string_view path) const;  ///< `project` normalised
  std::string canonical() const;  ///< for key cards: "tests type-stubs, keep numpy"; "" when nothing is dropped
  friend bool operator==(const PrunePolicy&, const PrunePolicy&) = default;
};

}  // namespace mlbuild::python
