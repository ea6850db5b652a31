#include "fake_resolver.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace mlbuild::test {
namespace {

namespace fs = std::filesystem;

fs::path working_directory(const SandboxJob& job) {
  for (const SandboxMount& mount : job.mounts) {
    if (mount.inside == job.working_directory) return mount.host;
  }
  return {};
}

std::string read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// What uv 0.13.8 says when something needs a project that a constraint puts at a URL where nothing is.
std::string missing_file(const std::string& constraints, const std::string& answer) {
  std::stringstream lines(constraints);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t url = line.find(" @ file:");
    if (url == std::string::npos || answer.find("\"" + line.substr(0, url) + "\"") == std::string::npos) continue;
    return "error: Failed to resolve dependencies for package `other==2.0`\n  cause: Distribution not found at: " +
           line.substr(url + 3) + "\n";
  }
  return {};
}

}  // namespace

bool FakeResolver::Question::wants_edges() const {
  return std::find(argv.begin(), argv.end(), "edges.txt") != argv.end();
}

SandboxOutcome FakeResolver::run(const SandboxJob& job, const Cancellation&) {
  const fs::path work = working_directory(job);
  Question question{job.argv, job.env, {}, job.network};
  for (const auto& entry : fs::directory_iterator(work)) question.files[entry.path().filename()] = read(entry.path());
  const std::string asked = question.files["requirements.in"];
  questions.push_back(question);
  SandboxOutcome outcome;
  outcome.err = question.files.contains("pyproject.toml") ? failure + failure_with_routes : failure;
  if (!outcome.err.empty()) {
    outcome.code = 1;
    return outcome;
  }
  outcome.err = missing_file(question.files["constraints.txt"], question.wants_edges() ? "" : pylocks[asked]);
  if (!outcome.err.empty()) {
    outcome.code = 1;
    return outcome;
  }
  if (question.wants_edges()) {
    std::ofstream(work / "edges.txt") << edges[asked];
  } else {
    std::ofstream(work / "pylock.answer.toml") << pylocks.at(asked);
  }
  return outcome;
}

}  // namespace mlbuild::test
