#include "import_check.hpp"

#include "mlbuild/base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace mlbuild {
namespace {

constexpr std::string_view kMarker = "\x1emlbuild-import ";  // a record separator: no honest output has it
constexpr std::string_view kFile = "  File \"";

constexpr std::string_view kProgram = R"py(
import importlib, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
for module in sys.argv[1:]:
    said = {"module": module}
    try:
        importlib.import_module(module)
    except BaseException as failure:
        lines = traceback.format_exception(type(failure), failure, failure.__traceback__)
        said["traceback"] = "".join(lines)
    sys.stdout.flush()
    answers.write("\n\x1emlbuild-import " + json.dumps(said) + "\n")
    answers.flush()
os._exit(0)
)py";

/// What the program put around the imports is of no use to anybody.
std::string without_our_frames(const std::string& traceback) {
  std::string kept;
  bool ours = false;
  for (const std::string_view line : split_lines(traceback)) {
    if (line.starts_with(kFile))
      ours = line.starts_with("  File \"<string>\"") ||
             line.find("/importlib/__init__.py\"") != std::string_view::npos ||
             line.starts_with("  File \"<frozen importlib");
    else if (!line.starts_with("    "))
      ours = false;
    if (!ours) kept += std::string(line) + "\n";
  }
  return std::string(trim(kept));
}

}  // namespace

std::string_view import_program() { return kProgram; }

std::vector<FailedImport> read_import_results(std::string_view output, const std::vector<std::string>& modules) {
  std::map<std::string, std::string> tracebacks;  // "" is good
  for (const std::string_view line : split_lines(output)) {
    if (!line.starts_with(kMarker)) continue;
    const auto said = nlohmann::json::parse(line.substr(kMarker.size()), nullptr, false);
    if (!said.is_object() || !said.contains("module") || !said["module"].is_string()) continue;
    tracebacks[said["module"]] =
        said.contains("traceback") && said["traceback"].is_string() ? said["traceback"].get<std::string>() : "";
  }
  std::vector<FailedImport> failed;
  for (const std::string& module : modules) {
    const auto found = tracebacks.find(module);
    if (found == tracebacks.end()) {
      failed.push_back({module, ""});
      break;  // those behind it were not reached
    }
    if (!found->second.empty()) failed.push_back({module, without_our_frames(found->second)});
  }
  return failed;
}

std::string last_file(std::string_view traceback) {
  const std::size_t at = traceback.rfind(kFile);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + kFile.size();
  const std::string_view path = traceback.substr(begin, traceback.find('"', begin) - begin);
  return path.starts_with('/') ? std::string(path) : std::string();
}

}  // namespace mlbuild
