#pragma once

#include "sandboxed_interpreter.hpp"

#include "mlbuild/layer/bytecode_layer.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <vector>

namespace mlbuild {

/// Compiles in the sandbox: all layers' files by as many interpreters as there are threads. A source that kills its
/// interpreter counts as one that does not compile.
class SandboxCompiler final : public BytecodeCompiler {
 public:
  /// `place` is asked once, when the first source comes. What is given by reference must outlive the interpreters: all
  /// calls, and end_interpreters() or the compiler.
  SandboxCompiler(std::function<InterpreterPlace()> place, std::filesystem::path scratch, std::size_t threads,
                  Sandbox& sandbox, const Cancellation& cancellation);
  ~SandboxCompiler() override;

  void compile(const PythonSources& sources,
               const std::function<void(std::size_t index, std::optional<ByteSpan> pyc)>& on_compiled) override;

  /// The magic number of the interpreter's bytecode files.
  std::uint16_t magic();

  /// Ends those that wait for more. Later sources start new ones.
  void end_interpreters();

 private:
  std::unique_ptr<SandboxedInterpreter> take_interpreter();
  void give_back(std::unique_ptr<SandboxedInterpreter> interpreter);
  void compile_portion(const PythonSources& sources, std::size_t begin, std::size_t end,
                       const std::function<void(std::size_t index, std::optional<ByteSpan> pyc)>& on_compiled);

  std::function<InterpreterPlace()> make_place_;
  const std::filesystem::path scratch_;
  const std::size_t threads_;
  Sandbox& sandbox_;
  const Cancellation& cancellation_;
  std::counting_semaphore<> free_;  // interpreters that may still be busy, whatever layer wants them
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<SandboxedInterpreter>> idle_;
  std::once_flag placed_;
  InterpreterPlace place_;
};

}  // namespace mlbuild
