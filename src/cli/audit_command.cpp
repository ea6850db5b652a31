#include "auditing.hpp"
#include "chosen_image.hpp"
#include "commands.hpp"
#include "locking.hpp"
#include "shared_options.hpp"

#include "mlbuild/audit/rules.hpp"
#include "mlbuild/audit/text_edits.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/report/audit_text.hpp"
#include "mlbuild/spec/spec_edits.hpp"
#include "mlbuild/sys/file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlbuild::cli {
namespace {

struct AuditOptions {
  std::string subject = "mlbuild.yaml";
  std::string variant, platform;
  std::vector<std::string> rules;
  std::string fail_above;
  std::vector<std::string> insecure_registries;
  bool apply = false;
};

AuditResult audit_place(const AuditOptions& options, World& world) {
  if (options.apply) {
    throw Error(ErrorKind::Usage, "`--apply` changes a spec, and this is an image")
        .hint("name the spec that the image was built from");
  }
  std::optional<oci::Platform> platform;
  if (!options.platform.empty()) platform = oci::Platform::parse(options.platform);
  return audit_inspected(inspect_place(options.subject, platform, world), world);
}

AuditResult audit_spec_file(const AuditOptions& options, World& world) {
  const Spec spec = read_spec(options.subject);
  const Lock lock = ensure_lock(spec, LockPolicy::DryRun, world);
  std::vector<std::string> platforms;
  if (!options.platform.empty()) platforms.push_back(options.platform);
  const LockedImage& image = *chosen_images(spec, lock, options.variant, platforms).front();
  return audit_locked(spec, spec.variant(options.variant), image, world);
}

void keep_rules(AuditResult& result, const std::vector<std::string>& rules) {
  if (rules.empty()) return;
  for (const std::string& rule : rules) audit_rule(rule);
  std::erase_if(result.findings, [&](const Finding& finding) { return std::ranges::count(rules, finding.id) == 0; });
  result.total = {};  // of other rules, too
}

/// Edits are made by lines and words, without YAML's grammar: what they make of a spec shows when it is read.
void check_edited(const AuditOptions& options, const std::map<std::string, std::string>& texts) {
  if (texts.empty()) return;  // nothing to change: the spec was read already
  try {
    read_changed_spec(options.subject, texts);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Spec) throw;
    throw Error(ErrorKind::Spec,
                fmt::format("nothing was changed: with the changes, `{}` could not be read any more ({})",
                            printable(options.subject), error.message()))
        .hint("write one item a line in the lists concerned, or make the changes by hand; `--rule` makes some of them");
  }
}

/// Edits the files and prints what changed. Each file is written whole or not at all.
void apply_patches(const AuditResult& result, const AuditOptions& options, World& world) {
  std::map<std::string, std::vector<TextEdit>> files;
  for (const Finding& finding : result.findings) {
    if (finding.severity == Severity::Note && options.rules.empty()) continue;
    for (const TextEdit& edit : finding.patch) files[edit.location.file].push_back(edit);
  }
  std::size_t left = 0;
  std::map<std::string, std::string> before, after;
  for (const auto& [file, edits] : files) {
    before[file] = std::filesystem::exists(file) ? read_text_file(file) : std::string();
    EditedText edited = apply_edits(before[file], edits);
    left += edited.left.size();
    if (edited.text != before[file]) after[file] = std::move(edited.text);
  }
  check_edited(options, after);
  for (const auto& [file, text] : after) {
    write_file_atomically(file, text);
    world.print(diff_lines(file, before[file], text));
  }
  if (left > 0) world.note(fmt::format("{} more changes of the same lines: audit again\n", left));
  if (files.empty()) world.note("nothing to apply\n");
}

int audit(const AuditOptions& options, World& world) {
  if (options.apply && world.json()) {
    throw Error(ErrorKind::Usage, "`--apply` prints the difference it makes, which has no JSON form")
        .hint("leave out `--format json`; or leave out `--apply`, and each finding has its changes as `patch`");
  }
  refuse_spec_options({options.subject, options.variant, options.platform, false});
  world.set_insecure_registries(options.insecure_registries);
  for (const std::string& rule : options.rules) audit_rule(rule);
  const bool is_spec = std::filesystem::exists(options.subject) || options.subject.ends_with(".yaml");
  AuditResult result = is_spec ? audit_spec_file(options, world) : audit_place(options, world);
  world.end_progress();
  keep_rules(result, options.rules);
  if (world.json()) {
    world.print(audit_json(options.subject, result) + "\n");
  } else if (!options.apply) {
    world.print(audit_text(options.subject, result));
  }
  if (options.apply) apply_patches(result, options, world);
  if (options.fail_above.empty()) return 0;
  const std::uint64_t limit = parse_bytes(options.fail_above).value_or(0);
  std::uint64_t sum = result.total.weight();
  if (!options.rules.empty()) {
    sum = 0;
    for (const Finding& finding : result.findings) sum += finding.saves.weight();
  }
  if (sum <= limit) return 0;
  if (world.json()) return exit_code(ErrorKind::Gate);  // stdout is one document
  throw Error(ErrorKind::Gate,
              fmt::format("{} could be saved, and `--fail-above` allows {}", human_bytes(sum), human_bytes(limit)))
      .hint("the findings are above, the largest first; `mlbuild audit SPEC --apply` makes the changes it can");
}

}  // namespace

void add_audit_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App* command =
      program.add_subcommand("audit", "say what a spec or an image could do without, and what it saves");
  command->add_option("SUBJECT", options->subject,
                      "a spec (default: mlbuild.yaml), or an image of any builder: HOST/NAME:TAG, oci:DIR[:TAG], "
                      "docker:FILE.tar");
  command->add_flag("--apply", options->apply,
                    "change the spec and its requirements files, and print the difference (not with --format json)");
  command->add_option("--rule", options->rules, "only these rules: docs/audit.md")->delimiter(',');
  command
      ->add_option("--fail-above", options->fail_above,
                   "exit with 4 when more than this could be saved, e.g. 100MB (default: never)")
      ->check([](const std::string& text) { return parse_bytes(text) ? std::string() : "`" + text + "` is no size"; },
              "");
  command->add_option("--variant", options->variant, "of this variant of the spec");
  command->add_option("--platform", options->platform, "this one of several platforms");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer("example: mlbuild audit specs/sklearn-train/mlbuild.yaml\n         mlbuild audit oci:out/train");
  command->callback([options, &chosen] { chosen = [options](World& world) { return audit(*options, world); }; });
}

}  // namespace mlbuild::cli
