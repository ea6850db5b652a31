#include "commands.hpp"
#include "json_text.hpp"
#include "locking.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/lock/why.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

using nlohmann::json;

struct WhyOptions {
  std::string package;
  std::string spec = "mlbuild.yaml";
  std::string variant;
  std::vector<std::string> platforms;
};

constexpr std::size_t kShownChains = 5;
constexpr std::size_t kShownPackages = 5;

/// Where the user asks for a Python project; "" for what is asked for otherwise.
std::string place_of(const SpecVariant& variant, const Why& why, const std::string& name) {
  if (why.kind == "deb") return "";
  for (const RequirementSet* group : {&variant.runtime, &variant.dev}) {
    for (const python::Requirement& requirement : group->requirements) {
      if (requirement.name == name)
        return fmt::format(" ({}:{})", requirement.location.file, requirement.location.line);
    }
  }
  return "";
}

std::string group_text(const Why& why) {
  if (why.group == "dev" || why.group == "system.build") return why.group + ", never in the image";
  return why.group;
}

std::string only_text(const Why& why) {
  if (why.only_for_it.empty()) return "";
  std::uint64_t sum = why.package.size_bytes;
  std::vector<std::string> names;
  for (const WhyPackage& package : why.only_for_it) {
    sum += package.size_bytes;
    if (names.size() < kShownPackages) {
      names.push_back(fmt::format("{} {} {}", package.name, package.version, human_bytes(package.size_bytes)));
    }
  }
  const std::size_t more = why.only_for_it.size() - names.size();
  return fmt::format("  {} with the {} that nothing else needs: {}{}\n", human_bytes(sum), why.only_for_it.size(),
                     join(names, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

std::string why_text(const Why& why, const SpecVariant& variant) {
  std::string text = fmt::format("{} {}  {}, {}, {}\n", why.package.name, why.package.version, why.kind,
                                 human_bytes(why.package.size_bytes), group_text(why));
  for (std::size_t i = 0; i < std::min(kShownChains, why.chains.size()); ++i) {
    const std::vector<std::string>& chain = why.chains[i];
    const std::string root = why.group == "base" ? "base" : "spec";
    text += fmt::format("  {}{} -> {}\n", root, place_of(variant, why, chain.front()), join(chain, " -> "));
  }
  if (why.chains.size() > kShownChains) text += fmt::format("  and {} more\n", why.chains.size() - kShownChains);
  return text + only_text(why);
}

json why_value(const Why& why) {
  json only = json::array();
  for (const WhyPackage& package : why.only_for_it) {
    only.push_back({{"name", package.name}, {"version", package.version}, {"size_bytes", package.size_bytes}});
  }
  return {{"name", why.package.name},
          {"version", why.package.version},
          {"size_bytes", why.package.size_bytes},
          {"kind", why.kind},
          {"group", why.group},
          {"chains", why.chains},
          {"only_for_it", only}};
}

[[noreturn]] void refuse_unknown(const std::string& name, const LockedImage& image) {
  Error error(ErrorKind::Usage, fmt::format("the lock has no package `{}`", printable(name)));
  const std::optional<std::string> near = nearest_word(name, locked_names(image));
  throw error.hint(near ? fmt::format("did you mean `{}`?", *near)
                        : "`mlbuild plan` lists what the image is made of; a distribution may have another name than "
                          "the module that it brings");
}

int show_why(const WhyOptions& options, World& world) {
  const Spec spec = read_spec(options.spec);
  spec.variant(options.variant);  // a slip is told before anything is locked
  const Lock lock = ensure_lock(spec, LockPolicy::DryRun, world);
  world.end_progress();
  json images = json::array();
  const std::vector<const LockedImage*> chosen = chosen_images(spec, lock, options.variant, options.platforms);
  for (const LockedImage* image : chosen) {
    const std::vector<Why> found = why_locked(*image, options.package);
    if (found.empty()) refuse_unknown(options.package, *image);
    json packages = json::array();
    if (chosen.size() > 1 && !world.json()) world.print(image->platform.to_string() + "\n");
    for (const Why& why : found) {
      packages.push_back(why_value(why));
      if (!world.json()) world.print(why_text(why, spec.variant(options.variant)));
    }
    images.push_back({{"platform", image->platform.to_string()}, {"packages", std::move(packages)}});
  }
  if (world.json()) world.print(json_text({{"images", std::move(images)}}));
  return 0;
}

}  // namespace

void add_why_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* command = program.add_subcommand("why", "show the chain that brings a wheel or .deb in, and what it costs");
  command->add_option("PACKAGE", options->package, "name of a wheel or .deb")->required();
  command->add_option("SPEC", options->spec, "the spec (default: mlbuild.yaml)");
  command->add_option("--variant", options->variant, "of this variant of the spec");
  command->add_option("--platform", options->platforms, "only these of the spec's platforms, e.g. linux/amd64")
      ->delimiter(',');
  command->footer("example: mlbuild why botocore specs/sklearn-train/mlbuild.yaml");
  command->callback([options, &chosen] { chosen = [options](World& world) { return show_why(*options, world); }; });
}

}  // namespace mlbuild::cli
