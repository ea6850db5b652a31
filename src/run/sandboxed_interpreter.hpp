#pragma once

#include "record_file.hpp"

#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/fd.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace mlbuild {

/// Where an interpreter runs: its root, its path and its environment; no command yet.
struct InterpreterPlace {
  SandboxJob job;
  std::string interpreter;
};

/// An interpreter that runs bytecode_driver() in the sandbox: isolated (-I), without site (-S), without network. It
/// does batch after batch, since to start it and its sandbox takes as long as to compile 200 KiB. Below L1 files that
/// come later are not seen inside (SandboxLevel::L2), so there it ends after the first one.
///
/// Batches are files of records; that one is there, or done, is told by a byte through a FIFO.
class SandboxedInterpreter {
 public:
  /// What is given by reference must outlive it.
  SandboxedInterpreter(const InterpreterPlace& place, const std::filesystem::path& scratch, Sandbox& sandbox,
                       const Cancellation& cancellation);
  ~SandboxedInterpreter();
  SandboxedInterpreter(const SandboxedInterpreter&) = delete;
  SandboxedInterpreter& operator=(const SandboxedInterpreter&) = delete;

  /// Has it compile what `put_sources` writes, and waits for it. False when it has ended, whatever the way.
  bool compile(const std::function<void(RecordFile& sources)>& put_sources);
  /// What it has written of the last batch, as far as it goes; nothing when it did not get as far as to open the file.
  std::optional<RecordReader> compiled() const;
  /// Lets it go, and says how it ended.
  SandboxOutcome end();

  /// Too old to be given more: its deadline would come in the middle.
  bool is_old() const;
  bool has_compiled() const { return has_compiled_; }

 private:
  std::filesystem::path in() const { return directory_.path() / "in"; }
  std::filesystem::path out() const { return directory_.path() / "out"; }
  SandboxJob job(const InterpreterPlace& place) const;
  void open_channels(bool stays);
  void start();

  TempDir directory_;
  Sandbox& sandbox_;
  const Cancellation& cancellation_;
  SandboxJob job_;
  Fd requests_, answers_;
  Fd answers_end_;  // keeps `answers_` open until the run is over, whether or not the interpreter has come to open it
  std::thread run_;
  std::chrono::steady_clock::time_point started_{};
  bool has_compiled_ = false;
  SandboxOutcome outcome_;
  std::exception_ptr failure_;
};

}  // namespace mlbuild
