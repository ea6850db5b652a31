// Each rule is a place in a path. The first that holds decides.

#include "mlbuild/inspect/contents.hpp"

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

enum class Where { Start, Inside, End, ProgramEnd };

struct CategoryRule {
  FileCategory category;
  Where where;
  std::string_view text;
};

// `Inside` is looked for in "/" + path, so that "/tests/" finds a directory at the top, too.
constexpr std::array kRules = {
    CategoryRule{FileCategory::Cache, Where::Inside, "/.cache/"},
    CategoryRule{FileCategory::Cache, Where::Start, "var/cache/"},
    CategoryRule{FileCategory::Cache, Where::Start, "var/lib/apt/lists/"},
    CategoryRule{FileCategory::Cache, Where::Start, "tmp/"},
    CategoryRule{FileCategory::Cache, Where::Start, "var/tmp/"},
    CategoryRule{FileCategory::Cache, Where::Start, "opt/conda/pkgs/"},
    CategoryRule{FileCategory::Compiler, Where::Start, "usr/lib/gcc/"},
    CategoryRule{FileCategory::Compiler, Where::Start, "usr/libexec/gcc/"},
    CategoryRule{FileCategory::Compiler, Where::Start, "usr/lib/llvm-"},
    CategoryRule{FileCategory::Compiler, Where::Inside, "/nvvm/"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "gcc"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "g++"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "cpp"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "nvcc"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "cicc"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "cmake"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "gcc-11"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "gcc-12"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "gcc-13"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "g++-11"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "g++-12"},
    CategoryRule{FileCategory::Compiler, Where::ProgramEnd, "g++-13"},
    CategoryRule{FileCategory::StaticLibrary, Where::End, ".a"},
    CategoryRule{FileCategory::Header, Where::Start, "usr/include/"},
    CategoryRule{FileCategory::Header, Where::End, ".h"},
    CategoryRule{FileCategory::Header, Where::End, ".hpp"},
    CategoryRule{FileCategory::Header, Where::End, ".hxx"},
    CategoryRule{FileCategory::Header, Where::End, ".cuh"},
    CategoryRule{FileCategory::Header, Where::End, ".pxd"},
    CategoryRule{FileCategory::Bytecode, Where::End, ".pyc"},
    CategoryRule{FileCategory::Test, Where::Inside, "/tests/"},
    CategoryRule{FileCategory::Test, Where::Inside, "/test/"},
    CategoryRule{FileCategory::TypeStub, Where::End, ".pyi"},
    CategoryRule{FileCategory::Documentation, Where::Start, "usr/share/doc/"},
    CategoryRule{FileCategory::Documentation, Where::Start, "usr/share/man/"},
    CategoryRule{FileCategory::Documentation, Where::Start, "usr/share/info/"},
};

bool is_program_named(std::string_view path, std::string_view name) {
  if (!path.ends_with(name)) return false;
  const std::string_view before = path.substr(0, path.size() - name.size());  // "usr/bin/", "usr/bin/x86_64-linux-gnu-"
  const auto slash = before.rfind('/');
  if (slash == std::string_view::npos || !before.substr(0, slash).ends_with("bin")) return false;
  return before.ends_with('/') || before.ends_with('-');
}

bool holds(const CategoryRule& rule, std::string_view path) {
  switch (rule.where) {
    case Where::Start:
      return path.starts_with(rule.text);
    case Where::End:
      return path.ends_with(rule.text);
    case Where::ProgramEnd:
      return is_program_named(path, rule.text);
    case Where::Inside:
      break;
  }
  return path.starts_with(rule.text.substr(1)) || path.find(rule.text) != std::string_view::npos;
}

}  // namespace

FileCategory category_of(std::string_view path) {
  const auto found = std::ranges::find_if(kRules, [&](const CategoryRule& rule) { return holds(rule, path); });
  return found == kRules.end() ? FileCategory::Needed : found->category;
}

std::string_view category_name(FileCategory category) {
  constexpr std::array<std::string_view, 9> kNames{"needed",     "caches",           "compilers",
                                                   "headers",    "static libraries", "tests",
                                                   "type stubs", "documentation",    "bytecode"};
  return kNames[static_cast<std::size_t>(category)];
}

}  // namespace mlbuild
