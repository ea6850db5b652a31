#pragma once

#include "sandbox_compiler.hpp"

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/run/build.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mlbuild {

/// Compiles by the image's own interpreter: that of the base where others made it, else the same Debian packages in a
/// root of their own, which is there sooner than the whole base. What is given must outlive its interpreters: recipes,
/// and so plans, keep the compiler, which is of no use then but does no harm once end_interpreters() was called.
std::shared_ptr<SandboxCompiler> make_bytecode_compiler(const BuildRequest& request, const BuildContext& context,
                                                        std::shared_ptr<UnpackedDebs> unpacked_debs);

/// Why an image gets no bytecode although its spec wants it, as a line for the user; nothing when it does.
/// `must_run`: some of it has to be made here and now; what is known already needs neither sandbox nor processor.
/// Cheap: at most the sandbox is asked what it can do.
std::optional<std::string> why_no_bytecode(const BuildRequest& request, bool must_run, const BuildContext& context);
/// The same of a base that others made, whose interpreter is run for it: its layers are fetched and unpacked.
std::optional<std::string> why_base_cannot_compile(const BuildRequest& request, const BuildContext& context);

}  // namespace mlbuild
