#include "chosen_image.hpp"
#include "commands.hpp"
#include "inspecting.hpp"
#include "json_text.hpp"
#include "shared_options.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/report/check_text.hpp"
#include "mlbuild/run/check_image.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild::cli {
namespace {

constexpr std::array<std::string_view, 4> kChecks = {"libraries", "conflicts", "gpu", "imports"};

struct CheckOptions {
  std::vector<std::string> words;  ///< checks, then the image
  std::string variant;
  bool all = false, locked = false;
  std::vector<std::string> insecure_registries;
};

/// Which checks are wanted, and of what.
struct Wanted {
  std::string image = "mlbuild.yaml";
  std::vector<std::string> checks;
  bool has(std::string_view check) const { return checks.empty() || std::ranges::find(checks, check) != checks.end(); }
};

Wanted wanted_by(const CheckOptions& options) {
  Wanted wanted;
  bool has_image = false;
  for (const std::string& word : options.words) {
    if (std::ranges::find(kChecks, word) != kChecks.end()) {
      wanted.checks.push_back(word);
    } else if (std::exchange(has_image, true)) {
      throw Error(ErrorKind::Usage, fmt::format("`{}` and `{}`: one image at a time", wanted.image, word))
          .hint("checks are `libraries`, `conflicts`, `gpu` and `imports`; the other word is a spec or an image");
    } else {
      wanted.image = word;
    }
  }
  return wanted;
}

ChosenImage open_subject(const Wanted& wanted, const CheckOptions& options, World& world) {
  const bool is_spec = !ImagePlace::parse_unless_file(wanted.image);
  if (!is_spec && !wanted.checks.empty() && wanted.has("imports"))
    throw Error(ErrorKind::Usage, "an image alone does not say what must import in it")
        .hint("`check.imports` of a spec does: name the spec instead");
  const SpecChoice choice{wanted.image, options.variant, "", options.locked};
  refuse_spec_options(choice);
  return open_chosen_image(choice, world);
}

std::vector<std::string> wanted_architectures(const ChosenImage& subject) {
  std::vector<std::string> wanted;
  if (!subject.built) return wanted;
  for (const Located<std::string>& capability : subject.built->request.variant->gpu.architectures)
    wanted.push_back(capability.value);
  return wanted;
}

/// Text and JSON of all checks together.
class Report {
 public:
  void add(const char* check, const std::string& text, const std::string& json, bool is_good) {
    text_ += (text_.empty() ? "" : "\n") + text;
    json_[check] = nlohmann::json::parse(json);
    good_ = good_ && is_good;
  }
  std::string text() const { return text_; }
  std::string json() const {
    nlohmann::json value = json_;
    value["ok"] = good_;
    return json_text(value, 2);
  }
  bool good() const { return good_; }

 private:
  std::string text_;
  nlohmann::json json_ = nlohmann::json::object();
  bool good_ = true;
};

/// Tries what `check:` of the spec wants; it ends with what fails first.
void try_image(const ChosenImage& subject, World& world) {
  check_image(subject.image(), subject.built->request, subject.layers(), world.build_context());
}

/// The same for who wants one document: what fails is part of it.
void try_image_for(Report& report, const ChosenImage& subject, World& world) {
  try {
    try_image(subject, world);
    report.add("imports", "", R"({"ok":true})", true);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Gate) throw;
    report.add("imports", "", error_json(error), false);
  }
}

int check(const CheckOptions& options, World& world) {
  const Wanted wanted = wanted_by(options);
  world.set_insecure_registries(options.insecure_registries);
  const ChosenImage subject = open_subject(wanted, options, world);
  Report report;
  const oci::ImageConfig config = oci::parse_config(subject.image().config_json);
  const std::vector<LayerScan> scans = scan_layers(subject.image(), subject.layers(), world);
  const ImageContents contents = explain(scans);
  const LibraryReport libraries = check_libraries(scans, contents, config);
  if (wanted.has("libraries"))
    report.add("libraries", libraries_text(libraries, options.all), libraries_json(libraries), !libraries.has_errors());
  if (wanted.has("conflicts")) {
    const std::vector<Conflict> conflicts = find_conflicts(scans, contents, libraries, config);
    report.add("conflicts", conflicts_text(conflicts), conflicts_json(conflicts), conflicts.empty());
  }
  if (wanted.has("gpu")) {
    const std::vector<GpuCode> code = find_gpu_code(scans, contents, wanted_architectures(subject));
    const bool is_good = std::ranges::all_of(code, [](const GpuCode& gpu) { return gpu.missing.empty(); });
    report.add("gpu", gpu_text(code), gpu_json(code), is_good);
  }
  const bool is_tried = wanted.has("imports") && subject.built;
  if (is_tried && world.json()) try_image_for(report, subject, world);
  world.end_progress();
  world.print(world.json() ? report.json() : report.text());
  if (is_tried && !world.json()) try_image(subject, world);
  return report.good() ? 0 : exit_code(ErrorKind::Gate);
}

}  // namespace

void add_check_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = program.add_subcommand(
      "check", "say what will not work in an image: libraries that are not there, packages that disagree");
  command->add_option(
      "CHECK... IMAGE", options->words,
      "`libraries`, `conflicts`, `gpu`, `imports` (default: all), then a spec (default: mlbuild.yaml), which is "
      "built first, oci:DIR[:TAG], docker:FILE.tar, or HOST/NAME:TAG in a registry");
  command->add_option("--variant", options->variant, "this variant of the spec");
  command->add_flag("--all", options->all, "also what may never matter");
  command->add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer("example: mlbuild check libraries specs/sklearn-train/mlbuild.yaml");
  command->callback([options, &chosen] { chosen = [options](World& world) { return check(*options, world); }; });
}

}  // namespace mlbuild::cli
