#include "helper_job.hpp"
#include "helper_process.hpp"
#include "refusal.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <optional>
#include <system_error>

namespace mlbuild {
namespace {

constexpr std::chrono::seconds kBeyondDeadline{
    15};  // the helper keeps the deadline itself; this is for a helper that hangs
constexpr std::chrono::seconds kProbeDeadline{10};

/// The three directories of an overlay, removed with what the payload wrote.
class OverlayDirectory {
 public:
  explicit OverlayDirectory(const std::filesystem::path& scratch) : temporary_(scratch, "sandbox-") {
    for (const char* name : {"upper", "work", "root"}) make_directories(temporary_.path() / name);
  }
  const std::filesystem::path& path() const { return temporary_.path(); }
  void keep_changes(const std::filesystem::path& where) const {
    std::error_code failed;
    std::filesystem::rename(temporary_.path() / "upper", where, failed);
    if (failed)
      throw Error(ErrorKind::Io, fmt::format("cannot keep changes in `{}`: {}", where.string(), failed.message()));
  }

 private:
  TempDir temporary_;
};

void check_absolute(const std::filesystem::path& path, const char* what) {
  if (!path.is_absolute())
    throw Error(ErrorKind::Internal, fmt::format("{} of a sandbox job is not absolute: `{}`", what, path.string()));
}

void check(const SandboxJob& job) {
  if (job.argv.empty()) throw Error(ErrorKind::Internal, "sandbox job without a command");
  if (job.argv.front().find('/') != std::string::npos) check_absolute(job.argv.front(), "program");
  if (job.roots.empty()) throw Error(ErrorKind::Internal, "sandbox job without a root");
  check_absolute(job.working_directory, "working directory");
  for (const SandboxMount& mount : job.mounts) check_absolute(mount.inside, "mount point");
}

SandboxOutcome::End end_of(HelperReport::End end) {
  switch (end) {
    case HelperReport::End::Exited:
      return SandboxOutcome::End::Exited;
    case HelperReport::End::Signaled:
      return SandboxOutcome::End::Signaled;
    case HelperReport::End::DeadlinePassed:
      return SandboxOutcome::End::DeadlinePassed;
    case HelperReport::End::MemoryExceeded:
      return SandboxOutcome::End::MemoryExceeded;
    case HelperReport::End::SetupFailed:
      break;
  }
  throw Error(ErrorKind::Internal, "a failed set-up is no outcome");
}

std::optional<std::chrono::milliseconds> patience_for(const SandboxJob& job) {
  if (job.deadline == std::chrono::seconds::zero()) return std::nullopt;
  return job.deadline + kBeyondDeadline;
}

class NamespaceSandbox final : public Sandbox {
 public:
  NamespaceSandbox(std::filesystem::path helper, const std::filesystem::path& scratch)
      : helper_(std::move(helper)), scratch_(std::filesystem::absolute(scratch)) {}

  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
    cancellation.check();
    check(job);
    HelperOutput output;
    const HelperReport report = ask_helper(job, false, cancellation, output);
    if (report.end == HelperReport::End::SetupFailed) throw refusal(report.failure, read_host_facts(scratch_));
    SandboxOutcome outcome;
    outcome.end = end_of(report.end);
    outcome.code = report.code;
    outcome.level = report.level;
    outcome.out = std::move(output.out);
    outcome.err = std::move(output.err);
    return outcome;
  }

  SandboxLevel level() override {
    std::call_once(probed_, [this] { level_ = probe(); });
    return level_;
  }

 private:
  HelperReport ask_helper(const SandboxJob& job, bool probe, const Cancellation& cancellation, HelperOutput& output) {
    const OverlayDirectory directory(scratch_);
    HelperJob helper_job{job, directory.path(), probe};
    if (probe) helper_job.job.roots = {directory.path() / "lower"};
    if (probe) make_directories(helper_job.job.roots.front());
    for (std::filesystem::path& root : helper_job.job.roots) root = std::filesystem::absolute(root);
    for (SandboxMount& mount : helper_job.job.mounts) mount.host = std::filesystem::absolute(mount.host);
    HelperProcess process(helper_, to_json(helper_job), job);
    output = process.wait(job, patience_for(job), cancellation);
    if (output.report.empty()) {
      throw Error(ErrorKind::Step, "the sandbox helper was killed before it could report")
          .hint("is the machine out of memory?");
    }
    HelperReport report = parse_helper_report(output.report);
    if (!job.changes.empty() && report.end != HelperReport::End::SetupFailed) directory.keep_changes(job.changes);
    return report;
  }

  SandboxLevel probe() {
    SandboxJob job;
    job.deadline = kProbeDeadline;
    const Cancellation never;
    HelperOutput output;
    return ask_helper(job, true, never, output).level;
  }

  std::filesystem::path helper_;
  std::filesystem::path scratch_;
  std::once_flag probed_;
  SandboxLevel level_ = SandboxLevel::None;
};

}  // namespace

std::unique_ptr<Sandbox> make_namespace_sandbox(std::filesystem::path helper, const std::filesystem::path& scratch) {
  return std::make_unique<NamespaceSandbox>(std::move(helper), scratch);
}

}  // namespace mlbuild
