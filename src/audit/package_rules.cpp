#include "package_rules.hpp"

#include "marker.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

struct SwapRow {
  std::string_view rule, from, to;
  bool only_without_gpu = false;
};

constexpr std::array kSwaps = {
    SwapRow{"mlflow-skinny", "mlflow", "mlflow-skinny"},
    SwapRow{"opencv-headless", "opencv-python", "opencv-python-headless"},
    SwapRow{"opencv-headless", "opencv-contrib-python", "opencv-contrib-python-headless"},
    SwapRow{"psycopg2-binary", "psycopg2", "psycopg2-binary"},
    SwapRow{"tensorflow-cpu", "tensorflow", "tensorflow-cpu", true},
};

struct ToolRow {
  std::string_view rule, title;
  std::vector<std::string_view> names;
};

std::vector<ToolRow> tool_rows() {
  return {
      {"notebook-tools",
       "Jupyter in the runtime image",
       {"jupyter", "jupyterlab", "notebook", "nbclassic", "ipykernel", "ipywidgets", "ipython", "nbconvert",
        "jupyter-server", "jupyter-console", "qtconsole", "voila", "jupyterlab-git", "jupytext"}},
      {"plotting-tools",
       "plotting libraries in the runtime image",
       {"matplotlib", "seaborn", "plotly", "bokeh", "altair", "plotnine", "kaleido", "holoviews", "hvplot", "panel",
        "pyvista", "dash", "missingno", "wordcloud"}},
      {"test-tools",
       "test and lint tools in the runtime image",
       {"pytest", "pytest-cov", "pytest-xdist", "pytest-mock", "pytest-asyncio", "pytest-timeout", "hypothesis", "tox",
        "nox", "coverage", "mypy", "ruff", "black", "flake8", "pylint", "isort", "pre-commit", "bandit", "pyright"}}};
}

constexpr std::size_t kShownGone = 12;

std::string version_label(const GraphPackage& package) {
  return fmt::format("{} {}", printable(package.name), printable(package.version));
}

/// Those of the graph's packages that the alternative needs; of one whose metadata nobody has, what the old one does.
std::set<std::string> needs_of(const Alternative& alternative, const GraphPackage& old, const PackageSubject& subject) {
  if (!alternative.requires_dist) return old.needs;
  std::set<std::string> needs;
  const python::MarkerEnvironment environment{subject.python_version, subject.machine, ""};
  for (const std::string& text : *alternative.requires_dist) {
    Diagnostics ignored;
    const auto requirement = python::parse_requirement(text, {}, ignored);
    if (!requirement || !may_hold(requirement->marker, environment)) continue;
    if (subject.wheels.find(requirement->name) != nullptr) needs.insert(requirement->name);
  }
  return needs;
}

std::vector<TextEdit> renaming_of(const PackageSubject& subject, const std::string& from, std::string_view to) {
  std::vector<TextEdit> edits;
  const auto asked = subject.asked.find(from);
  if (asked == subject.asked.end()) return edits;
  for (const python::Requirement& requirement : asked->second) {
    if (!requirement.hashes.empty() || !requirement.url.empty()) return {};  // another file has other hashes
    const std::size_t end = requirement.text.find_first_of(" [<>=!~;@(");
    edits.push_back({TextEdit::Kind::Replace, requirement.location, requirement.text.substr(0, end), std::string(to)});
  }
  return edits;
}

std::optional<GraphPackage> replacement(const PackageSubject& subject, const GraphPackage& old, std::string_view to) {
  if (const GraphPackage* there = subject.wheels.find(std::string(to))) return *there;
  const auto alternative =
      subject.alternative ? subject.alternative(std::string(to), old.version) : std::optional<Alternative>();
  if (!alternative) return std::nullopt;
  GraphPackage package;
  package.name = to;
  package.version = alternative->version;
  package.bytes = alternative->bytes;
  package.needs = needs_of(*alternative, old, subject);
  return package;
}

}  // namespace

std::vector<TextEdit> removal_of(const PackageSubject& subject, const std::string& name) {
  std::vector<TextEdit> edits;
  const auto asked = subject.asked.find(name);
  if (asked == subject.asked.end()) return edits;
  for (const python::Requirement& requirement : asked->second) {
    edits.push_back({TextEdit::Kind::Remove, requirement.location, requirement.text, ""});
  }
  return edits;
}

std::vector<std::string> gone_evidence(const PackageGraph& graph, const GraphChange& change) {
  std::vector<const GraphPackage*> gone;
  for (const std::string& name : graph.gone(change)) gone.push_back(graph.find(name));
  std::ranges::stable_sort(gone, std::ranges::greater(),
                           [](const GraphPackage* package) { return package->bytes.weight(); });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(kShownGone, gone.size()); ++i) {
    const std::uint64_t bytes = gone[i]->bytes.weight();
    lines.push_back(version_label(*gone[i]) + (bytes == 0 ? "" : "  " + human_bytes(bytes)));
  }
  if (gone.size() > kShownGone) lines.push_back(fmt::format("and {} packages more", gone.size() - kShownGone));
  return lines;
}

std::vector<Draft> swap_drafts(const PackageSubject& subject) {
  std::vector<Draft> drafts;
  for (const SwapRow& row : kSwaps) {
    const std::string from(row.from);
    const GraphPackage* old = subject.wheels.find(from);
    if (old == nullptr || !old->wanted || (row.only_without_gpu && subject.wants_gpu)) continue;
    Draft draft = draft_of(row.rule, fmt::format("{} where {} would do", version_label(*old), row.to));
    draft.finding.location = old->location;
    draft.finding.patch = renaming_of(subject, from, row.to);
    if (const auto package = replacement(subject, *old, row.to)) {
      draft.wheels.replaced.emplace(from, *package);
      draft.finding.evidence = gone_evidence(subject.wheels, draft.wheels);
      const bool is_there = subject.wheels.find(package->name) != nullptr;
      draft.finding.measured = subject.measured;
      if (!is_there) draft.finding.measured += fmt::format(", and the wheel of {} {}", row.to, package->version);
    } else {
      draft.finding.evidence = {version_label(*old) + "  " + human_bytes(old->bytes.weight())};
      draft.finding.measured = fmt::format("not measured: no index told of {} {}", row.to, printable(old->version));
    }
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

std::vector<Draft> tool_drafts(const PackageSubject& subject) {
  std::vector<Draft> drafts;
  for (const ToolRow& row : tool_rows()) {
    Draft draft = draft_of(row.rule, std::string(row.title));
    for (const std::string_view name : row.names) {
      const GraphPackage* package = subject.wheels.find(std::string(name));
      if (package == nullptr || !package->wanted) continue;
      draft.wheels.unwanted.insert(package->name);
      if (!draft.finding.location.known()) draft.finding.location = package->location;
      std::ranges::move(removal_of(subject, package->name), std::back_inserter(draft.finding.patch));
    }
    if (draft.wheels.unwanted.empty()) continue;
    draft.finding.title += ": " + fmt::format("{}", fmt::join(draft.wheels.unwanted, ", "));
    draft.finding.evidence = gone_evidence(subject.wheels, draft.wheels);
    draft.finding.measured = subject.measured;
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

}  // namespace mlbuild
