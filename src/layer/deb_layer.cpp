#include "mlbuild/layer/deb_layer.hpp"

#include "deb_database.hpp"
#include "deb_effects.hpp"
#include "deb_tree.hpp"
#include "unpacked_deb.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/scripts.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/layer/unpacked_debs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlbuild {
namespace {

constexpr int kDebLayerVersion = 1;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void refuse_script(const std::string& package, const std::string& script,
                                const debian::ScriptVerdict& verdict) {
  throw Error(ErrorKind::Spec, fmt::format("the `{}` script of Debian package `{}` is not known: `{}`", script, package,
                                           printable(verdict.unknown_part)))
      .hint(fmt::format(
          "write `scripts: {{{0}: run}}` under `system` to run it in the sandbox, or `{{{0}: ignore}}` when the "
          "image can do without it",
          package));
}

void judge_scripts(const DebInput& input, const debian::DebControl& control, const DebLayerParameters& parameters,
                   std::vector<debian::ScriptEffect>& effects, Diagnostics& unknown) {
  if (debian::must_run({parameters.ignore_scripts, parameters.run_scripts, parameters.run_unknown_scripts}, input.name,
                       control.scripts))
    return;
  for (const auto& [name, text] : control.scripts) {
    debian::ScriptVerdict verdict = debian::judge_script(input.name, name, text);
    if (verdict.known) {
      std::move(verdict.effects.begin(), verdict.effects.end(), std::back_inserter(effects));
    } else if (!contains(parameters.ignore_scripts, input.name)) {
      try {
        refuse_script(input.name, name, verdict);
      } catch (const Error& error) {
        unknown.add(error);
      }
    }
  }
}

/// Members hold files of several packages, so a package's share of the compressed size is its share of the plain one.
std::vector<LayerPackage> package_facts(const DebTree& tree, std::uint64_t compressed_size_bytes) {
  std::uint64_t plain = 0;
  for (const DebTreePackage& package : tree.packages()) plain += package.plain_size_bytes;
  std::vector<LayerPackage> facts;
  for (const DebTreePackage& package : tree.packages()) {
    const double share = plain == 0 ? 0 : static_cast<double>(package.plain_size_bytes) / static_cast<double>(plain);
    facts.push_back({"deb", package.name, package.version, package.plain_size_bytes,
                     static_cast<std::uint64_t>(share * static_cast<double>(compressed_size_bytes))});
  }
  return facts;
}

/// Programs abort when the settings that they ask for are not compiled, and that needs glib-compile-schemas.
void warn_of_schemas(const DebTree& tree, LayerFacts& facts) {
  constexpr std::string_view kSchemas = "usr/share/glib-2.0/schemas/";
  const auto at = tree.entries().lower_bound(kSchemas);
  if (at == tree.entries().end() || !at->first.starts_with(kSchemas)) return;
  facts.warnings.push_back(
      fmt::format("`/{}` is not compiled, so programs that use GSettings will not start; `system: "
                  "{{scripts: {{libglib2.0-0: run}}}}` compiles it",
                  kSchemas));
}

std::optional<std::string> base_status(const DebLayerParameters& parameters, BlobStore& blobs) {
  if (!parameters.base_status) return std::nullopt;
  constexpr std::uint64_t kLimitBytes = 32U << 20U;
  return std::string(as_text(read_all(*blobs.stream(*parameters.base_status), kLimitBytes)));
}

}  // namespace

DebLayerRecipe::DebLayerRecipe(std::vector<DebInput> packages, DebLayerParameters parameters,
                               std::shared_ptr<UnpackedDebs> unpacked)
    : packages_(std::move(packages)), parameters_(std::move(parameters)), unpacked_(std::move(unpacked)) {
  std::erase_if(packages_, [&](const DebInput& input) { return contains(parameters_.drop_packages, input.name); });
  std::sort(packages_.begin(), packages_.end(), [](const DebInput& a, const DebInput& b) { return a.name < b.name; });
  // What is ignored of other layers' packages is no reason to make this one again.
  std::erase_if(parameters_.ignore_scripts,
                [&](const std::string& name) { return std::ranges::count(packages_, name, &DebInput::name) == 0; });
  std::sort(parameters_.ignore_scripts.begin(), parameters_.ignore_scripts.end());
  std::sort(parameters_.run_scripts.begin(), parameters_.run_scripts.end());
}

KeyCard DebLayerRecipe::card() const {
  KeyCard card("deb-layer", kDebLayerVersion);
  for (const DebInput& input : packages_) {
    card.set("deb:" + input.name, fmt::format("{} {} {}", input.version, input.architecture, input.digest.to_string()));
  }
  card.set("base", parameters_.is_base ? "yes" : "no");
  card.set("database", parameters_.database == DpkgDatabase::StatusDirectory ? "status.d" : "status");
  card.set("deflate", fmt::format("{} level {}", Deflater::version(), parameters_.deflate_level));
  card.set("documentation", parameters_.keep_documentation ? "kept" : "left out");
  card.set("epoch", std::to_string(parameters_.epoch_seconds));
  card.set("ignored scripts", join(parameters_.ignore_scripts, " "));
  if (!parameters_.run_scripts.empty()) card.set("scripts that run", join(parameters_.run_scripts, " "));
  if (parameters_.run_unknown_scripts) card.set("unknown scripts", "run");
  card.set("shadow", parameters_.include_shadow ? "yes" : "no");
  card.set("venv", parameters_.venv_python);
  if (!parameters_.merged_usr) card.set("merged usr", "no");
  if (parameters_.base_status) card.set("base status", parameters_.base_status->to_string());
  card.set("layer format", std::to_string(kLayerFormatVersion));
  return card;
}

LayerFacts DebLayerRecipe::write(BlobStore& blobs, LayerSink& out) const {
  const std::shared_ptr<UnpackedDebs> unpacked = unpacked_ ? unpacked_ : std::make_shared<UnpackedDebs>();
  const std::vector<std::shared_ptr<const UnpackedDeb>> debs = unpacked->take(packages_, blobs);
  DebTree tree(parameters_.keep_documentation, parameters_.merged_usr);
  std::vector<debian::DebControl> controls;
  std::vector<debian::ScriptEffect> effects;
  Diagnostics unknown;
  for (std::size_t i = 0; i < packages_.size(); ++i) {
    const DebInput& input = packages_[i];
    with_context([&] { return fmt::format("unpacking Debian package `{}` {}", input.name, input.version); },
                 [&] { tree.add_package(input.name, input.version, *debs[i]); });
    controls.push_back(debs[i]->control);
    judge_scripts(input, controls.back(), parameters_, effects, unknown);
  }
  unknown.throw_if_any();
  if (parameters_.is_base) add_base_skeleton(tree, parameters_);
  apply_effects(tree, effects, parameters_);
  add_dpkg_database(tree, controls, parameters_.database, base_status(parameters_, blobs));
  LayerWriter writer(out, parameters_.deflate_level);
  tree.write(writer, parameters_.epoch_seconds);
  LayerFacts facts = writer.finish();
  facts.packages = package_facts(tree, facts.size_bytes);
  for (const debian::ScriptEffect& effect : effects) {
    if (effect.kind == debian::ScriptEffect::Kind::Warning) facts.warnings.push_back(effect.value);
  }
  if (!parameters_.run_unknown_scripts && !contains(parameters_.run_scripts, "libglib2.0-0"))
    warn_of_schemas(tree, facts);
  return facts;
}

}  // namespace mlbuild
