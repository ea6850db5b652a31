#include "mlbuild/run/start_image.hpp"

#include "image_job.hpp"
#include "image_roots.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/signal_relay.hpp"

#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX

namespace mlbuild {
namespace {

constexpr int kSignalBase = 128;  // POSIX shells, "Exit Status for Commands"

}  // namespace

SandboxOutcome start_image(const Image& image, const StartOptions& options, BlobStore& layers,
                           const BuildContext& context) {
  const oci::ImageConfig config = oci::parse_config(image.config_json);
  const std::vector<std::string> command = start_command(config, options.arguments);
  if (command.empty())
    throw Error(ErrorKind::Usage, "the image has neither `entrypoint` nor `cmd`")
        .hint("give a command: `mlbuild run SPEC -- python`");
  const ImageRoots roots(image.layers, layers, context.store, context.threads, context.cancellation);
  SandboxJob job = image_job(config, roots.paths());
  job.argv = command;
  for (const auto& [name, value] : options.env) job.env[name] = value;
  job.mounts = options.mounts;
  job.network = options.network;
  job.processor_limit = options.processors;
  job.memory_limit_bytes = options.memory_bytes;
  job.deadline = std::chrono::seconds::zero();
  job.disk_limit_bytes = 0;
  job.attached = true;
  job.devices = options.devices;
  // Not before: until the image is unpacked they are for this program.
  const SignalRelay relay(options.signals);
  job.signals = relay.descriptor();
  return context.sandbox.run(job, context.cancellation);
}

int shell_exit_code(const SandboxOutcome& outcome) {
  switch (outcome.end) {
    case SandboxOutcome::End::Exited:
      return outcome.code;
    case SandboxOutcome::End::Signaled:
      return kSignalBase + outcome.code;
    case SandboxOutcome::End::DeadlinePassed:
    case SandboxOutcome::End::MemoryExceeded:
    case SandboxOutcome::End::DiskExceeded:
      break;
  }
  return kSignalBase + SIGKILL;
}

}  // namespace mlbuild
