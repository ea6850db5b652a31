#pragma once

#include "world.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace mlbuild::cli {

/// Set by the command that was chosen; main runs it. Returns the exit code.
using Action = std::function<int(World&)>;

/// Each adds one command with its options, its help and an example.
void add_audit_command(CLI::App& program, Action& chosen);
void add_build_command(CLI::App& program, Action& chosen);
void add_plan_command(CLI::App& program, Action& chosen);
void add_check_command(CLI::App& program, Action& chosen);
void add_copy_command(CLI::App& program, Action& chosen);
void add_diff_command(CLI::App& program, Action& chosen);
void add_inspect_command(CLI::App& program, Action& chosen);
void add_lock_command(CLI::App& program, Action& chosen);
void add_login_command(CLI::App& program, Action& chosen);
void add_logout_command(CLI::App& program, Action& chosen);
void add_report_command(CLI::App& program, Action& chosen);
void add_run_command(CLI::App& program, Action& chosen);
void add_sbom_command(CLI::App& program, Action& chosen);
void add_schema_command(CLI::App& program, Action& chosen);
void add_store_command(CLI::App& program, Action& chosen);
void add_verify_command(CLI::App& program, Action& chosen);
void add_version_command(CLI::App& program, Action& chosen);
void add_why_command(CLI::App& program, Action& chosen);

}  // namespace mlbuild::cli
