#include "mlbuild/audit/app_imports.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_number.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

// ast.parse builds a tree and runs nothing. Lines of a notebook that only IPython understands are dropped.
constexpr std::string_view kProgram = R"py(
import ast, json, sys

def source_of(path):
    with open(path, "rb") as file:
        data = file.read()
    if not path.endswith(".ipynb"):
        return data
    cells = [cell for cell in json.loads(data).get("cells", []) if cell.get("cell_type") == "code"]
    lines = [line for cell in cells for line in "".join(cell.get("source", [])).splitlines()]
    return "\n".join("" if line.lstrip()[:1] in ("%", "!", "?") else line for line in lines)

modules, unreadable, count = set(), [], 0
for path in json.load(sys.stdin):
    try:
        tree = ast.parse(source_of(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, AttributeError, TypeError):
        unreadable.append(path)
        continue
    count += 1
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.update(node.module + "." + alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("import_module", "__import__", "importorskip") and isinstance(node.args[0].value, str):
                modules.add(node.args[0].value)
json.dump({"modules": sorted(modules), "unreadable": unreadable, "files": count}, sys.stdout)
)py";

bool is_python(const AppFile& file) {
  if (file.is_directory || file.link_target) return false;
  return file.path_in_image.ends_with(".py") || file.path_in_image.ends_with(".ipynb");
}

}  // namespace

AppImports parse_app_imports(std::string_view text) {
  const json said = json::parse(text, nullptr, false);
  AppImports imports;
  try {
    for (const json& module : said.at("modules")) imports.modules.insert(module.get<std::string>());
    for (const json& file : said.at("unreadable")) imports.unreadable.push_back(file.get<std::string>());
    imports.files = natural_number(said.at("files"));
  } catch (const json::exception&) {
    throw Error(ErrorKind::Foreign, "the reader of the application's imports gave no answer");
  }
  return imports;
}

AppImports read_app_imports(const std::vector<AppFile>& files, Sandbox& sandbox,
                            const std::vector<std::filesystem::path>& roots, const Cancellation& cancellation) {
  SandboxJob job;
  job.roots = roots;
  json paths = json::array();
  for (const AppFile& file : files) {
    if (!is_python(file)) continue;
    const std::filesystem::path host = std::filesystem::absolute(file.host_path).lexically_normal();
    job.mounts.push_back({host, host, false});
    paths.push_back(host.string());
  }
  if (paths.empty()) return {};
  job.argv = {"python3", "-I", "-S", "-c", std::string(kProgram)};
  job.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  job.standard_input = paths.dump();
  job.deadline = std::chrono::seconds(120);
  job.memory_limit_bytes = std::uint64_t{2} << 30U;
  const SandboxOutcome outcome = sandbox.run(job, cancellation);
  if (!outcome.ok()) {
    throw Error(ErrorKind::Step, fmt::format("the application's imports could not be read: {}",
                                             printable(trim(std::string_view(outcome.err).substr(0, 300)))));
  }
  return parse_app_imports(outcome.out);
}

}  // namespace mlbuild
