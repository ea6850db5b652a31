#pragma once

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/run/build.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// A plan as a table, one line per step, with the totals at the end. With `explain` each step that runs tells its cause
/// with its place in the user's files; a cause is told once.
std::string plan_text(const Plan& plan, bool explain);
/// {"images":[{"variant","platform","no_bytecode","steps":[{"id","label","state","reason","fetch_bytes",...}],
/// "totals":{...}}]}. `no_bytecode`: why the image gets none although its spec wants it, or null.
std::string plan_json(const std::vector<Plan>& plans);
/// One line for a reason: "file numpy-1.26.4-...whl changed", "never made here".
std::string reason_text(const Reason& reason);

/// What was made, how big it is, what was reused and how long it took.
std::string build_summary_text(const BuildResult& result, const std::string& name,
                               const std::vector<PublishResult>& published);
std::string build_summary_json(const std::vector<BuildResult>& results, const std::vector<PublishResult>& published);

}  // namespace mlbuild
