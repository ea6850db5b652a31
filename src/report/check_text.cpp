#include "mlbuild/report/check_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace mlbuild {
namespace {

/// "cv2/cv2.abi3.so": what comes before site-packages is the same for all.
std::string short_path(std::string_view path) {
  constexpr std::string_view kSite = "-packages/";
  const auto site = path.find(kSite);
  return printable(site == std::string_view::npos ? path : path.substr(site + kSite.size()));
}

std::string chain_text(const std::vector<std::string>& chain) {
  std::vector<std::string> parts;
  for (const std::string& path : chain) parts.push_back(short_path(path));
  return fmt::format("{}", fmt::join(parts, " > "));
}

std::vector<const LibraryProblem*> of(const LibraryReport& report, Certainty certainty) {
  std::vector<const LibraryProblem*> problems;
  for (const LibraryProblem& problem : report.problems) {
    if (problem.certainty == certainty) problems.push_back(&problem);
  }
  return problems;
}

std::set<std::string> advised(const LibraryReport& report, LibraryPackage::Kind kind) {
  std::set<std::string> names;
  for (const LibraryProblem& problem : report.problems) {
    if (problem.certainty == Certainty::Certain && problem.advice.kind == kind) names.insert(problem.advice.name);
  }
  return names;
}

std::string problems_text(const std::vector<const LibraryProblem*>& problems) {
  std::string text;
  for (const LibraryProblem* problem : problems) {
    text += fmt::format("{:<8} {}\n", certainty_name(problem->certainty), problem_text(*problem));
    text += fmt::format("         {}\n", chain_text(problem->chain));
    if (problem->roots.size() > 1) text += fmt::format("         and {} more files\n", problem->roots.size() - 1);
    if (const std::string advice = advice_text(*problem); !advice.empty()) text += fmt::format("         {}\n", advice);
  }
  return text;
}

std::string ready_to_paste(const LibraryReport& report) {
  std::set<std::string> debian = advised(report, LibraryPackage::Kind::Debian);
  debian.merge(advised(report, LibraryPackage::Kind::Named));
  const std::set<std::string> wheels = advised(report, LibraryPackage::Kind::Wheel);
  std::string text;
  if (!debian.empty()) text += fmt::format("\nsystem:\n  runtime: [{}]\n", fmt::join(debian, ", "));
  if (!wheels.empty()) text += fmt::format("\nrequirements:\n  runtime: [{}]\n", fmt::join(wheels, ", "));
  return text.empty() ? "" : "\nthe spec needs:" + text;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", count, many);
}

nlohmann::json problem_json(const LibraryProblem& problem) {
  static constexpr std::array kAdvice = {"none", "debian", "debian-by-name", "wheel"};
  nlohmann::json value{{"severity", certainty_name(problem.certainty)},
                       {"kind", kind_name(problem.kind)},
                       {"library", problem.library},
                       {"package", problem.package},
                       {"chain", problem.chain},
                       {"files", problem.roots},
                       {"text", problem_text(problem)}};
  if (!problem.version.empty()) value["version"] = problem.version;
  if (!problem.found.empty()) value["found"] = problem.found;
  if (problem.advice.kind != LibraryPackage::Kind::None)
    value["install"] = {{"name", problem.advice.name},
                        {"from", kAdvice.at(static_cast<std::size_t>(problem.advice.kind))}};
  return value;
}

}  // namespace

std::string problem_text(const LibraryProblem& problem) {
  const std::string who = fmt::format("`{}`{}", short_path(problem.chain.empty() ? "" : problem.chain.front()),
                                      problem.package.empty() ? "" : " of " + printable(problem.package));
  const std::string via =
      problem.chain.size() < 2 ? "needs" : fmt::format("needs, by `{}`,", short_path(problem.chain.back()));
  switch (problem.kind) {
    case LibraryProblem::Kind::Missing:
      if (problem.certainty == Certainty::Driver)
        return fmt::format("{} {} `{}`, which comes with the NVIDIA driver", who, via, problem.library);
      if (problem.certainty == Certainty::Sibling)
        return fmt::format("{} {} `{}`, which another package has and must have loaded before", who, via,
                           problem.library);
      return fmt::format("{} {} `{}`, which is not there", who, via, problem.library);
    case LibraryProblem::Kind::OtherMachine:
      return fmt::format("{} {} `{}`, but `{}` is for another processor", who, via, problem.library,
                         short_path(problem.found));
    case LibraryProblem::Kind::Version:
      return fmt::format("{} {} {} of `{}`, which the image's is too old for", who, via, problem.version,
                         problem.library);
  }
  return {};
}

std::string advice_text(const LibraryProblem& problem) {
  switch (problem.advice.kind) {
    case LibraryPackage::Kind::Debian:
      return fmt::format("the Debian package `{}` has it", problem.advice.name);
    case LibraryPackage::Kind::Named:
      return fmt::format("by Debian's way of naming it is in `{}`", problem.advice.name);
    case LibraryPackage::Kind::Wheel:
      return fmt::format("the wheel `{}` has it", problem.advice.name);
    case LibraryPackage::Kind::None:
      break;
  }
  if (problem.certainty != Certainty::Certain) return {};
  if (problem.kind == LibraryProblem::Kind::Version && problem.version.starts_with("GLIBC_"))
    return "take an older version of the package, or a base with a newer C library";
  if (problem.kind == LibraryProblem::Kind::OtherMachine) return "take the wheel for the image's platform";
  return {};
}

std::string libraries_text(const LibraryReport& report, bool all) {
  const auto errors = of(report, Certainty::Certain), siblings = of(report, Certainty::Sibling),
             others = of(report, Certainty::Perhaps), drivers = of(report, Certainty::Driver);
  std::string text = problems_text(errors);
  if (all) text += problems_text(siblings) + problems_text(others);
  std::set<std::string> driver_names;
  for (const LibraryProblem* problem : drivers) driver_names.insert(problem->library);
  if (!driver_names.empty()) text += fmt::format("left to the NVIDIA driver: {}\n", fmt::join(driver_names, ", "));
  text +=
      fmt::format("libraries: {}, {} imported or started; {}\n", counted(report.objects, "ELF file", "ELF files"),
                  report.roots, errors.empty() ? "all find what they need" : counted(errors.size(), "error", "errors"));
  const std::size_t hidden = siblings.size() + others.size();
  if (!all && hidden > 0)
    text += fmt::format("{} more may matter if they are loaded at all; `--all` shows them\n", hidden);
  return text + ready_to_paste(report);
}

std::string libraries_json(const LibraryReport& report) {
  nlohmann::json problems = nlohmann::json::array();
  for (const LibraryProblem& problem : report.problems) problems.push_back(problem_json(problem));
  std::set<std::string> debian = advised(report, LibraryPackage::Kind::Debian);
  debian.merge(advised(report, LibraryPackage::Kind::Named));
  const nlohmann::json value{{"objects", report.objects},       {"roots", report.roots},
                             {"python", report.python},         {"ok", !report.has_errors()},
                             {"problems", std::move(problems)}, {"system_runtime", debian}};
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string conflicts_text(const std::vector<Conflict>& conflicts) {
  std::string text;
  for (const Conflict& conflict : conflicts) {
    text += fmt::format("error    {}\n         {}\n", conflict.text, conflict.fix);
  }
  return text + (conflicts.empty() ? "conflicts: none\n" : fmt::format("conflicts: {}\n", conflicts.size()));
}

std::string conflicts_json(const std::vector<Conflict>& conflicts) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Conflict& conflict : conflicts) {
    rows.push_back({{"kind", kind_name(conflict.kind)},
                    {"packages", conflict.packages},
                    {"text", conflict.text},
                    {"fix", conflict.fix},
                    {"files", conflict.files}});
  }
  const nlohmann::json value{{"conflicts", std::move(rows)}, {"ok", conflicts.empty()}};
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string gpu_text(const std::vector<GpuCode>& code) {
  std::string text;
  for (const GpuCode& gpu : code) {
    const std::string package = gpu.package.empty() ? "files of no package" : printable(gpu.package);
    if (!gpu.missing.empty())
      text += fmt::format("error    {} has no code for compute capability {}\n         `{}` has {}\n", package,
                          fmt::join(gpu.missing, ", "), short_path(gpu.file), fmt::join(gpu.code, " "));
    else
      text += fmt::format("gpu      {}: {}\n", package, fmt::join(gpu.code, " "));
  }
  return text.empty() ? "gpu: no code for GPUs\n" : text;
}

std::string gpu_json(const std::vector<GpuCode>& code) {
  nlohmann::json rows = nlohmann::json::array();
  bool good = true;
  for (const GpuCode& gpu : code) {
    rows.push_back({{"package", gpu.package}, {"file", gpu.file}, {"code", gpu.code}, {"missing", gpu.missing}});
    good = good && gpu.missing.empty();
  }
  const nlohmann::json value{{"packages", std::move(rows)}, {"ok", good}};
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace mlbuild
