#pragma once

#include "mlbuild/layer/bytecode_layer.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>

namespace mlbuild {

/// Where an interpreter runs: its root, its path and its environment; no command yet.
struct InterpreterPlace {
  SandboxJob job;
  std::string interpreter;
};

/// Compiles in the sandbox: isolated (-I), without site (-S), without network, many files by one interpreter, several
/// interpreters side by side. A source that kills the interpreter counts as one that does not compile.
class SandboxCompiler final : public BytecodeCompiler {
 public:
  /// `place` is asked once, when the first source comes. What is given by reference must outlive the compiler.
  SandboxCompiler(std::function<InterpreterPlace()> place, std::filesystem::path scratch, std::size_t threads,
                  Sandbox& sandbox, const Cancellation& cancellation);

  void compile(const PythonSources& sources,
               const std::function<void(std::size_t index, std::optional<ByteSpan> pyc)>& on_compiled) override;

  /// The magic number of the interpreter's bytecode files.
  std::uint16_t magic();

 private:
  class Portion;
  SandboxJob job_in(const std::filesystem::path& directory);
  SandboxOutcome run(const SandboxJob& job);

  std::function<InterpreterPlace()> make_place_;
  const std::filesystem::path scratch_;
  const std::size_t threads_;
  Sandbox& sandbox_;
  const Cancellation& cancellation_;
  std::counting_semaphore<> free_;  // interpreters that may still be started, whatever layer wants them
  std::once_flag placed_;
  InterpreterPlace place_;
};

}  // namespace mlbuild
