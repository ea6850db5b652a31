#include "bytecode_place.hpp"

#include "build_root.hpp"
#include "image_job.hpp"
#include "image_roots.hpp"
#include "sandbox_compiler.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/host_platform.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

InterpreterPlace own_interpreter(const BuildRequest& request, const BuildContext& context,
                                 const std::shared_ptr<UnpackedDebs>& unpacked_debs) {
  SdistBuildInputs parts;
  parts.unpacked_debs = unpacked_debs;
  parts.root_packages = deb_inputs(interpreter_packages(*request.image));
  parts.scheme = build_scheme(*request.image);
  parts.epoch_seconds = request.epoch_seconds;
  InterpreterPlace place;
  place.job.roots = {build_root(parts, context.store, context.cancellation)};
  place.interpreter = "/usr/bin/python" + request.image->interpreter.version;
  return place;
}

/// The base as a tree of the store, the same that checks and `mlbuild run` use.
InterpreterPlace interpreter_of_base(const BuildRequest& request, const BuildContext& context) {
  const LockedBaseImage& base = *request.image->base_image;
  BaseBlobs blobs(context.store);
  blobs.add(base, context.open_base(*request.spec, *request.variant->foreign_base));
  Image image;
  for (const LockedBaseLayer& layer : base.layers) {
    ImageLayer& added = image.layers.emplace_back();
    added.facts.digest = layer.blob.digest;
    added.facts.size_bytes = layer.blob.size_bytes;
    added.facts.diff_id = layer.diff_id;
    added.is_base = true;
  }
  const ImageRoots roots(image.layers, blobs, context.store, context.threads, context.cancellation);
  InterpreterPlace place;
  place.job = image_job(base.config, roots.paths());
  place.interpreter = request.image->interpreter.path;
  return place;
}

/// The refusal itself, with its remedy.
std::string why_no_sandbox(const BuildContext& context) {
  const TempDir root(context.store.root() / "tmp", "probe-");
  SandboxJob job;
  job.roots = {root.path()};
  job.argv = {"/nothing"};
  try {
    context.sandbox.run(job, context.cancellation);
  } catch (const Error& refusal) {
    if (refusal.kind() != ErrorKind::Step) throw;
    return refusal.hint_text().empty() ? refusal.message()
                                       : fmt::format("{} ({})", refusal.message(), refusal.hint_text());
  }
  return "there is no sandbox";
}

}  // namespace

std::shared_ptr<SandboxCompiler> make_bytecode_compiler(const BuildRequest& request, const BuildContext& context,
                                                        std::shared_ptr<UnpackedDebs> unpacked_debs) {
  return std::make_shared<SandboxCompiler>(
      [&request, &context, unpacked_debs = std::move(unpacked_debs)] {
        return request.image->base_image ? interpreter_of_base(request, context)
                                         : own_interpreter(request, context, unpacked_debs);
      },
      context.store.root() / "tmp", context.threads, context.sandbox, context.cancellation);
}

std::optional<std::string> why_no_bytecode(const BuildRequest& request, bool must_run, const BuildContext& context) {
  const LockedInterpreter& interpreter = request.image->interpreter;
  const auto format = bytecode_format(*request.image);
  const bool has_interpreter = request.image->base_image || !request.image->base.empty();
  if (!format && has_interpreter && request.variant->bytecode && !request.image->wheels.empty()) {
    return fmt::format("how Python {} writes it is not known", interpreter.version);
  }
  if (!must_run) return std::nullopt;
  if (request.image->platform.architecture != host_platform().architecture) {
    return fmt::format("the image is for {}, this machine is {}", request.image->platform.to_string(),
                       host_platform().to_string());
  }
  if (context.sandbox.level() >= SandboxLevel::L3) return why_no_sandbox(context);  // L3 has no root to run in
  return std::nullopt;
}

std::optional<std::string> why_base_cannot_compile(const BuildRequest& request, const BuildContext& context) {
  if (!request.image->base_image) return std::nullopt;
  SandboxCompiler compiler([&] { return interpreter_of_base(request, context); }, context.store.root() / "tmp", 1,
                           context.sandbox, context.cancellation);
  const std::uint16_t magic = compiler.magic();
  const auto format = bytecode_format(*request.image);
  if (format && magic == format->magic) return std::nullopt;
  return fmt::format("the base's Python {} writes bytecode with the magic number {}, which mlbuild cannot read",
                     request.image->interpreter.full_version, magic);
}

}  // namespace mlbuild
