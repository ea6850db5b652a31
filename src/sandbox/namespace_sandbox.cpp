#include "helper_job.hpp"
#include "helper_process.hpp"
#include "own_programs.hpp"
#include "refusal.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <optional>
#include <system_error>

namespace mlbuild {
namespace {

constexpr std::chrono::seconds kBeyondDeadline{
    15};  // the helper keeps the deadline itself; this is for a helper that hangs
constexpr std::chrono::seconds kProbeDeadline{60};  // it takes milliseconds, but not on a disk that is overloaded

/// The directories of an overlay, removed with what the payload wrote. `lower` stands for trees where there are none.
class OverlayDirectory {
 public:
  explicit OverlayDirectory(const std::filesystem::path& scratch, bool needs_lower) : temporary_(scratch, "sandbox-") {
    for (const char* name : {"upper", "work", "root"}) make_directories(temporary_.path() / name);
    if (needs_lower) make_directories(temporary_.path() / "lower");
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
  check_absolute(job.working_directory, "working directory");
  for (const SandboxMount& mount : job.mounts) check_absolute(mount.inside, "mount point");
  for (const std::filesystem::path& device : job.devices) {
    if (device.lexically_normal() != device || !device.string().starts_with("/dev/"))
      throw Error(ErrorKind::Internal, fmt::format("`{}` is no device of a sandbox job", device.string()));
  }
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
    case HelperReport::End::DiskExceeded:
      return SandboxOutcome::End::DiskExceeded;
    case HelperReport::End::SetupFailed:
      break;
  }
  throw Error(ErrorKind::Internal, "a failed set-up is no outcome");
}

std::optional<std::chrono::milliseconds> patience_for(const SandboxJob& job) {
  if (job.deadline == std::chrono::seconds::zero()) return std::nullopt;
  return job.deadline + kBeyondDeadline;
}

/// What the probe found: the level, and below L0 why it is no better.
struct Probed {
  SandboxLevel level = SandboxLevel::None;
  SetupFailure why;
};

std::string_view what_is_missing(SandboxLevel level) {
  switch (level) {
    case SandboxLevel::L1:
      return "the command sees the outer /proc, or its root is no mount";
    case SandboxLevel::L2:
      return "there are no namespaces: it keeps mistakes in, not attacks";
    case SandboxLevel::L3:
      return "commands that need a root of their own cannot run";
    case SandboxLevel::L0:
    case SandboxLevel::None:
      break;
  }
  return "";
}

/// Without trees the machine's own programs are bound where they are.
HelperJob with_own_programs(HelperJob helper_job) {
  SandboxJob& job = helper_job.job;
  job.roots = {helper_job.directory / "lower"};
  for (const std::string& path : own_programs()) job.mounts.push_back({path, path, false});
  return helper_job;
}

class NamespaceSandbox final : public Sandbox {
 public:
  NamespaceSandbox(std::filesystem::path helper, const std::filesystem::path& scratch, SandboxPolicy policy)
      : helper_(std::move(helper)), scratch_(std::filesystem::absolute(scratch)), policy_(std::move(policy)) {}

  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
    cancellation.check();
    check(job);
    const SandboxLevel level = level_for(job);
    HelperOutput output;
    const HelperReport report = ask_helper(job, level, cancellation, output);
    if (report.end == HelperReport::End::SetupFailed) throw refusal(report.failure, read_host_facts(scratch_));
    SandboxOutcome outcome;
    outcome.end = end_of(report.end);
    outcome.code = report.code;
    outcome.level = report.level == SandboxLevel::None ? level : report.level;
    if (outcome.level > policy_.weakest)
      throw too_weak(report.failure, read_host_facts(scratch_), outcome.level, policy_.weakest);
    outcome.out = std::move(output.out);
    outcome.err = std::move(output.err);
    return outcome;
  }

  SandboxLevel level() override { return probed().level; }
  std::optional<SandboxLevel> known_level() const override {
    const std::lock_guard lock(mutex_);
    return probed_ ? std::optional(probed_->level) : std::nullopt;
  }

 private:
  const Probed& probed() {
    const std::lock_guard lock(mutex_);
    if (!probed_) {
      probed_ = probe();
      tell();
    }
    return *probed_;
  }

  /// The level to run at; an Error with the remedy where that is too weak for the policy or the job.
  SandboxLevel level_for(const SandboxJob& job) {
    const Probed& found = probed();
    const HostFacts facts = found.level == SandboxLevel::L0 ? HostFacts{} : read_host_facts(scratch_);
    if (found.level == SandboxLevel::None) throw refusal(found.why, facts);
    const bool needs_overlay = !job.devices.empty() || !job.changes.empty();
    if (needs_overlay && found.level > SandboxLevel::L1) throw needs_mounts(found.why, facts, found.level);
    if (found.level > policy_.weakest) throw too_weak(found.why, facts, found.level, policy_.weakest);
    if (job.roots.empty()) {
      for (const SandboxMount& mount : job.mounts) {
        if (mount.host != mount.inside) throw Error(ErrorKind::Internal, "a job without a root moves its mounts");
      }
      return found.level == SandboxLevel::L2 ? SandboxLevel::L3 : found.level;
    }
    if (found.level == SandboxLevel::L3) throw needs_root(found.why, facts);
    return found.level;
  }

  void tell() const {
    if (!policy_.tell || probed_->level == SandboxLevel::L0 || probed_->level == SandboxLevel::None) return;
    const std::string why = probed_->why.stage.empty() ? "" : fmt::format(" ({})", reason_text(probed_->why));
    policy_.tell(fmt::format("the sandbox is at level {} of L0 to L3: {}{}", to_string(probed_->level),
                             what_is_missing(probed_->level), why));
  }

  HelperReport ask_helper(const SandboxJob& job, std::optional<SandboxLevel> level, const Cancellation& cancellation,
                          HelperOutput& output) {
    const OverlayDirectory directory(scratch_, job.roots.empty());
    HelperJob helper_job{job, directory.path(), !level.has_value(), level.value_or(SandboxLevel::L0)};
    if (helper_job.probe) helper_job.job.roots = {directory.path() / "lower"};
    if (job.roots.empty() && !helper_job.probe && has_namespaces(helper_job))
      helper_job = with_own_programs(helper_job);
    for (std::filesystem::path& root : helper_job.job.roots) root = std::filesystem::absolute(root);
    for (SandboxMount& mount : helper_job.job.mounts) mount.host = std::filesystem::absolute(mount.host);
    HelperProcess process(helper_, to_json(helper_job), job);
    output = process.wait(job, patience_for(job), cancellation);
    if (output.report.empty()) {
      process.tidy_up_after();
      throw Error(ErrorKind::Step, "the sandbox helper was killed before it could report")
          .hint("is the machine out of memory?");
    }
    HelperReport report = parse_helper_report(output.report);
    if (!job.changes.empty() && report.end != HelperReport::End::SetupFailed) directory.keep_changes(job.changes);
    return report;
  }

  Probed probe() {
    SandboxJob job;
    job.deadline = kProbeDeadline;
    const Cancellation never;
    HelperOutput output;
    const HelperReport report = ask_helper(job, std::nullopt, never, output);
    if (report.end == HelperReport::End::Exited) return {report.level, report.failure};
    return {SandboxLevel::None, report.end == HelperReport::End::SetupFailed ? report.failure : broken_probe(report)};
  }

  std::filesystem::path helper_;
  std::filesystem::path scratch_;
  SandboxPolicy policy_;
  mutable std::mutex mutex_;  ///< of the next
  std::optional<Probed> probed_;
};

}  // namespace

std::filesystem::path find_sandbox_helper() {
  std::filesystem::path self = "/proc/self/exe";
  std::error_code error;
  const std::filesystem::path beside = std::filesystem::read_symlink(self, error).parent_path();
  for (const std::filesystem::path& place : {beside, beside / "../libexec/mlbuild"}) {
    std::filesystem::path helper = place / "mlbuild-sandbox";
    if (!error && ::access(helper.c_str(), X_OK) == 0) return helper;
  }
  return self;
}

std::unique_ptr<Sandbox> make_namespace_sandbox(std::filesystem::path helper, const std::filesystem::path& scratch,
                                                SandboxPolicy policy) {
  return std::make_unique<NamespaceSandbox>(std::move(helper), scratch, std::move(policy));
}

}  // namespace mlbuild
