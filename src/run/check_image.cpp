#include "mlbuild/run/check_image.hpp"

#include "image_job.hpp"
#include "image_roots.hpp"
#include "import_check.hpp"
#include "last_lines.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mlbuild {
namespace {

constexpr std::chrono::seconds kDeadline{300};
constexpr std::uint64_t kMemoryLimitBytes = std::uint64_t{8} << 30U;
constexpr std::size_t kShownLines = 30;

KeyCard card_of(const Image& image, const ImageChecks& checks) {
  KeyCard card("image-check", 1);
  card.set("image", image.config.digest.to_string());  // names the plain bytes of all layers
  for (std::size_t i = 0; i < checks.imports.size(); ++i) {
    card.set(fmt::format("import-{:03}", i), checks.imports[i].value);
  }
  for (std::size_t i = 0; i < checks.command.size(); ++i) card.set(fmt::format("command-{:03}", i), checks.command[i]);
  return card;
}

std::string end_text(const SandboxOutcome& outcome) {
  switch (outcome.end) {
    case SandboxOutcome::End::Exited:
      return fmt::format("ended with status {}", outcome.code);
    case SandboxOutcome::End::Signaled:
      return fmt::format("was ended by signal {}", outcome.code);
    case SandboxOutcome::End::DeadlinePassed:
      return fmt::format("did not end within {} s", kDeadline.count());
    case SandboxOutcome::End::MemoryExceeded:
      return fmt::format("needed more than {} of memory", human_bytes(kMemoryLimitBytes));
    case SandboxOutcome::End::DiskExceeded:
      return "wrote more to the disk than a check may";
  }
  return {};
}

std::string last_words(std::string_view text) {
  return fmt::format("{}", fmt::join(last_lines(trim(text), kShownLines), "\n"));
}

/// One image, unpacked, in which things are tried.
class ImageCheck {
 public:
  ImageCheck(const Image& image, const BuildRequest& request, BlobStore& layers, const BuildContext& context)
      : request_(request),
        context_(context),
        roots_(image.layers, layers, context.store, context.threads, context.cancellation),
        config_(oci::parse_config(image.config_json)) {}

  void imports(const std::vector<Located<std::string>>& imports) const {
    if (imports.empty()) return;
    std::vector<std::string> modules;
    for (const Located<std::string>& module : imports) modules.push_back(module.value);
    SandboxJob job = limited_job();
    job.argv = {request_.image->interpreter.path, "-c", std::string(import_program())};
    job.argv.insert(job.argv.end(), modules.begin(), modules.end());
    const SandboxOutcome outcome = context_.sandbox.run(job, context_.cancellation);
    Diagnostics failures;
    for (const FailedImport& failed : read_import_results(outcome.out, modules)) {
      const auto where = std::ranges::find(imports, failed.module, &Located<std::string>::value);
      failures.add(import_error(failed, outcome).at(where->location));
    }
    failures.throw_if_any();
  }

  void command(const ImageChecks& checks) const {
    if (checks.command.empty()) return;
    SandboxJob job = limited_job();
    job.argv = checks.command;
    const SandboxOutcome outcome = context_.sandbox.run(job, context_.cancellation);
    if (outcome.ok()) return;
    Error error(ErrorKind::Gate,
                fmt::format("`{}` {} in the image", printable(fmt::format("{}", fmt::join(checks.command, " "))),
                            end_text(outcome)));
    error.at(checks.command_location).while_doing(last_words(outcome.out + "\n" + outcome.err));
    throw error.hint("nothing was published; `mlbuild run SPEC -- COMMAND` tries things in the image");
  }

 private:
  SandboxJob limited_job() const {
    SandboxJob job = image_job(config_, roots_.paths());
    job.deadline = kDeadline;
    job.memory_limit_bytes = kMemoryLimitBytes;
    return job;
  }

  Error import_error(const FailedImport& failed, const SandboxOutcome& outcome) const {
    if (failed.traceback.empty()) {
      Error error(ErrorKind::Gate, fmt::format("`import {}` does not come back in the image: Python {}", failed.module,
                                               end_text(outcome)));
      return error.while_doing(last_words(outcome.err)).hint("nothing was published");
    }
    Error error(ErrorKind::Gate, fmt::format("`import {}` fails in the image", failed.module));
    error.while_doing(last_words(failed.traceback));
    const std::string file = last_file(failed.traceback);
    const std::string layer = file.empty() ? "" : roots_.made_by(file);
    return error.hint(
        layer.empty() ? "nothing was published; add what brings the module to `requirements.runtime` or `app`"
                      : fmt::format("nothing was published; `{}` comes from the layer `{}`", shown_line(file), layer));
  }

  const BuildRequest& request_;
  const BuildContext& context_;
  const ImageRoots roots_;
  const oci::ImageConfig config_;
};

}  // namespace

void check_image(const Image& image, const BuildRequest& request, BlobStore& layers, const BuildContext& context) {
  const ImageChecks& checks = request.variant->check;
  if (checks.empty()) return;
  if (image.platform.architecture != host_platform().architecture) {
    context.events.on(WarningRaised{fmt::format("`check` was not tried: the image is for {}, this machine is {}",
                                                image.platform.to_string(), host_platform().to_string())});
    return;
  }
  const KeyCard card = card_of(image, checks);
  if (!request.force && context.store.get(card.key())) return;
  context.events.on(ActivityStarted{"checking that the image works"});
  const ImageCheck check(image, request, layers, context);
  check.imports(checks.imports);
  check.command(checks);
  context.store.put(card.key(), fmt::format(R"({{"sandbox":"{}"}})", to_string(context.sandbox.level())));
}

}  // namespace mlbuild
