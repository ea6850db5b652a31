#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/fd.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string>

namespace mlbuild {

/// Opened by main before it changes its user, who may not be able to reach the build directory.
const Fd& probe_program();

/// A root tree with one program, a scratch directory, and a sandbox over them.
class ProbeRoot {
 public:
  ProbeRoot();
  const std::filesystem::path& path() const { return directory_.path(); }
  std::filesystem::path root() const { return path() / "root"; }
  Sandbox& sandbox() { return *sandbox_; }

  SandboxJob job(std::initializer_list<std::string> words) const;
  SandboxOutcome run(const SandboxJob& job) { return sandbox_->run(job, never_); }
  SandboxOutcome run(std::initializer_list<std::string> words) { return run(job(words)); }
  /// What the probe says, without the end of the line.
  std::string said(const SandboxJob& job) { return std::string(trim(run(job).out)); }
  std::string said(std::initializer_list<std::string> words) { return said(job(words)); }

 private:
  TempDir directory_;
  Cancellation never_;
  std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace mlbuild
