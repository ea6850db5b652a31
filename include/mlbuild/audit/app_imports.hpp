#pragma once

#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What the application's files import, as Python's own parser reads them; notebooks by their code cells.
struct AppImports {
  std::set<std::string> modules;        ///< "sklearn.svm"; relative imports are the application's own
  std::vector<std::string> unreadable;  ///< files that are no source of this Python
  std::size_t files = 0;                ///< that were read
};

/// Runs the interpreter of `roots` (none: this machine's) in the sandbox over the files; nothing of them is executed.
/// Throws Error{Step} when there is no interpreter.
AppImports read_app_imports(const std::vector<AppFile>& files, Sandbox& sandbox,
                            const std::vector<std::filesystem::path>& roots, const Cancellation& cancellation);

AppImports parse_app_imports(std::string_view json);  ///< what the program inside says; throws Error{Foreign}

}  // namespace mlbuild
