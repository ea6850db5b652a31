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
  if (!failure.empty()) {
    outcome.code = 1;
    outcome.err = failure;
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
