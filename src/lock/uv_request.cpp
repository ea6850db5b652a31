#include "uv_request.hpp"

#include "pylock.hpp"
#include "toml.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/lock/required_by.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::string_view kRequirements = "requirements.in";
constexpr std::string_view kConstraints = "constraints.txt";
constexpr std::string_view kProject = "pyproject.toml";
constexpr std::string_view kProjectName = "mlbuild-routes";
constexpr std::string_view kNowhere = "file:///mlbuild/withheld/";

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

/// Routing goes through a project's sources with `explicit` indexes. Indexes given by option would answer for every
/// project they know, and so take over others by name.
std::string routing_project(const UvRequest& request) {
  std::vector<std::string> dependencies;
  std::string sources;
  for (const auto& [project, index] : request.routes) {
    dependencies.push_back(toml_string(project));
    sources += fmt::format("{} = {{ index = {} }}\n", toml_string(project), toml_string(index));
  }
  std::string text =
      fmt::format("[project]\nname = \"{}\"\nversion = \"0\"\nrequires-python = \">={}\"\ndependencies = [{}]\n",
                  kProjectName, request.target.python_version, join(dependencies, ", "));
  for (const PythonIndex& index : request.indexes)
    text += fmt::format("\n[[tool.uv.index]]\nname = {}\nurl = {}\nexplicit = true\n", toml_string(index.name),
                        toml_string(index.url));
  return text + "\n[tool.uv.sources]\n" + sources;
}

/// A constraint with a URL is where a project comes from. Nothing is there, so the resolver stops at the first
/// candidate that needs the project: had it asked the default index, a stranger's project could answer, or "not found"
/// make it take an older candidate that does without.
std::string withholding(const std::string& project) {
  std::string distribution = project;
  std::replace(distribution.begin(), distribution.end(), '-', '_');
  return fmt::format("{} @ {}{}/{}-0-py3-none-any.whl\n", project, kNowhere, project, distribution);
}

std::string constraints_of(const UvRequest& request) {
  std::string text = lines(request.constraints);
  for (const auto& [project, index] : request.withheld) text += withholding(project);
  return text;
}

}  // namespace

std::string uv_output_file(const UvRequest& request) {
  return request.output == UvRequest::Output::Pylock ? "pylock.answer.toml" : "edges.txt";
}

std::map<std::string, std::string> uv_input_files(const UvRequest& request) {
  std::map<std::string, std::string> files;
  files.emplace(kRequirements, lines(request.requirements));
  if (const std::string constraints = constraints_of(request); !constraints.empty())
    files.emplace(kConstraints, constraints);
  if (!request.routes.empty()) files.emplace(kProject, routing_project(request));
  // The resolver takes an existing output file as what to stay with.
  if (!request.preferences.empty() && request.output == UvRequest::Output::Pylock)
    files.emplace(uv_output_file(request), format_preferences(request.preferences));
  return files;
}

std::vector<std::string> uv_arguments(const UvRequest& request) {
  std::vector<std::string> arguments = {"pip", "compile", std::string(kRequirements)};
  const auto add = [&](std::initializer_list<std::string_view> words) {
    arguments.insert(arguments.end(), words.begin(), words.end());
  };
  if (!request.routes.empty()) add({kProject});
  if (!request.constraints.empty() || !request.withheld.empty()) add({"-c", kConstraints});
  if (request.output == UvRequest::Output::Pylock) {
    add({"--format", "pylock.toml", "--generate-hashes"});
  } else {
    add({"--annotation-style", "line"});
  }
  add({"-o", uv_output_file(request)});
  add({"--python-version", request.python_full_version, "--python-platform", python::uv_platform(request.target)});
  // --no-config: a stray uv.toml would be read. --prerelease explicit: only what a requirement names; the default takes
  // pre-releases also to get around a missing wheel.
  add({"--no-config", "--prerelease", "explicit", "--no-python-downloads", "--no-header", "--color", "never",
       "--no-progress"});
  if (request.sdists != SdistPolicy::Allow) add({"--only-binary", ":all:"});
  if (request.sdists == SdistPolicy::Listed) {
    for (const std::string& name : request.sdist_names) add({"--no-binary", name});
  }
  if (request.exclude_newer) add({"--exclude-newer", *request.exclude_newer});
  if (request.offline) add({"--offline"});
  return arguments;
}

std::string withheld_project(std::string_view messages) {
  const std::size_t place = messages.find(kNowhere);
  if (place == std::string_view::npos) return {};
  const std::string_view rest = messages.substr(place + kNowhere.size());
  return std::string(rest.substr(0, rest.find('/')));
}

std::string candidate_in_need(std::string_view messages) {
  constexpr std::string_view kLead = "Failed to resolve dependencies for package `";
  const std::size_t place = messages.find(kLead);
  if (place == std::string_view::npos) return {};
  const std::string_view rest = messages.substr(place + kLead.size());
  return std::string(rest.substr(0, rest.find('`')));
}

std::map<std::string, std::vector<std::string>> parse_uv_edges(std::string_view annotated) {
  constexpr std::string_view kVia = "# via ";
  std::map<std::string, std::vector<std::string>> edges;
  for (const std::string_view line : split_lines(annotated)) {
    const std::size_t via = line.find(kVia);
    if (via == std::string_view::npos || line.starts_with('#')) continue;
    const std::string_view name = line.substr(0, line.find_first_of("=[ ;"));
    std::vector<std::string>& sources = edges[python::normalize_name(name)];
    for (std::string_view source : split(line.substr(via + kVia.size()), ',')) {
      source = trim(source);
      if (source.starts_with("-r ")) {
        sources.emplace_back(kRequiredBySpec);
      } else if (!source.starts_with('-') && !source.starts_with(kProjectName)) {
        sources.push_back(required_by_project(python::normalize_name(source.substr(0, source.find('[')))));
      }
    }
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  }
  return edges;
}

}  // namespace mlbuild
