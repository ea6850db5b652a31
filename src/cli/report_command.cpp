#include "auditing.hpp"
#include "chosen_image.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/report/image_page.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlbuild::cli {
namespace {

constexpr const char* kPage = "report.html";

struct ReportOptions {
  std::string image = "mlbuild.yaml", compare;
  std::string file;  ///< "": kPage
  std::string variant, platform;
  bool locked = false;
  std::vector<std::string> insecure_registries;
};

std::optional<oci::Platform> platform_of(const ReportOptions& options) {
  if (options.platform.empty()) return std::nullopt;
  return oci::Platform::parse(options.platform);
}

/// What is looked at, and for a spec what it was built from.
struct Subject {
  InspectedImage image;
  std::optional<BuiltImage> built;
};

Subject look_at(const std::string& image, const ReportOptions& options, World& world) {
  if (ImagePlace::parse_unless_file(image)) return {inspect_place(image, platform_of(options), world), std::nullopt};
  BuiltImage built = build_from_spec({image, options.variant, options.platform, options.locked}, world);
  InspectedImage inspected = inspect_built(built.spec->name, built, world);
  return {std::move(inspected), std::move(built)};
}

/// Of a spec first what it says itself, which has places and patches, then what only its image shows.
std::vector<Finding> findings_of(const Subject& subject, World& world) {
  std::vector<Finding> findings;
  if (subject.built) {
    const BuildRequest& request = subject.built->request;
    findings = audit_locked(*request.spec, *request.variant, *request.image, world).findings;
  }
  const std::size_t of_spec = findings.size();
  for (Finding& finding : audit_inspected(subject.image, world).findings) {
    const auto end = findings.begin() + static_cast<std::ptrdiff_t>(of_spec);
    const bool is_told = std::any_of(findings.begin(), end, [&](const Finding& told) { return told.id == finding.id; });
    if (!is_told) findings.push_back(std::move(finding));
  }
  return findings;
}

void refuse_idle_options(const ReportOptions& options, const World& world) {
  if (world.json() && !options.file.empty() && options.file != "-") {
    throw Error(ErrorKind::Usage, "`--output` is where the page goes, and with `--format json` there is none")
        .hint("leave one of them out; JSON goes to stdout");
  }
  const bool compares_spec = !options.compare.empty() && !ImagePlace::parse_unless_file(options.compare);
  if (!compares_spec) refuse_spec_options({options.image, options.variant, options.platform, options.locked});
}

int make_report(const ReportOptions& options, World& world) {
  refuse_idle_options(options, world);
  world.set_insecure_registries(options.insecure_registries);
  std::optional<InspectedImage> before;
  if (!options.compare.empty()) before = look_at(options.compare, options, world).image;
  const Subject subject = look_at(options.image, options, world);
  const InspectedImage& image = subject.image;
  const std::vector<Finding> findings = findings_of(subject, world);
  ImageDiff diff;
  if (before) {
    diff = diff_images(before->contents, image.contents);
    diff.config = diff_configs(before->config, image.config);
  }
  const std::optional<ComparedImage> compared = before ? std::optional(ComparedImage{*before, diff}) : std::nullopt;
  world.end_progress();
  if (world.json()) {
    world.print(image_page_json(image, compared ? &*compared : nullptr, findings) + "\n");
    return 0;
  }
  const std::string page = image_page(image, compared ? &*compared : nullptr, findings);
  if (options.file == "-") {
    world.print(page);
    return 0;
  }
  const std::string file = options.file.empty() ? kPage : options.file;
  write_file_atomically(file, page);
  world.note(fmt::format("report  {}, {}\n", printable(file), human_bytes(page.size())));
  return 0;
}

}  // namespace

void add_report_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command =
      program.add_subcommand("report", "write a page that shows what an image consists of, for a browser");
  command->add_option("IMAGE", options->image,
                      "the spec (default: mlbuild.yaml), which is built first; oci:DIR[:TAG], docker:FILE.tar, or "
                      "HOST/NAME:TAG in a registry");
  command->add_option("--compare", options->compare, "an image, or a spec, that this one is compared with");
  command->add_option("-o,--output", options->file, "the page (default: report.html); - for stdout");
  command->add_option("--variant", options->variant, "this variant of the spec");
  command->add_option("--platform", options->platform, "this one of several platforms; default: that of this machine");
  command->add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer("example: mlbuild report oci:out/sklearn-train --compare registry.example/ml/train:1.3");
  command->callback([options, &chosen] { chosen = [options](World& world) { return make_report(*options, world); }; });
}

}  // namespace mlbuild::cli
