#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlbuild::test {

/// A sandbox in which every command is the resolver: it remembers what it was asked, and gives prepared answers by
/// requirement file.
class FakeResolver final : public Sandbox {
 public:
  struct Question {
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> files;  ///< of the working directory
    bool network = false;
    bool wants_edges() const;
  };

  /// Answers for a given content of requirements.in.
  std::map<std::string, std::string> pylocks;
  std::map<std::string, std::string> edges;
  std::string failure;              ///< not empty: every question fails with these words
  std::string failure_with_routes;  ///< the same for those that have a route
  std::vector<Question> questions;

  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override;
  SandboxLevel level() override { return SandboxLevel::None; }
};

}  // namespace mlbuild::test
