#include "read_variant.hpp"

#include "foreign_base.hpp"
#include "read_budget.hpp"
#include "read_config.hpp"
#include "read_prune.hpp"
#include "read_steps.hpp"
#include "requirements.hpp"
#include "value_reader.hpp"
#include "words.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/layer_limit.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace mlbuild::spec {
namespace {

constexpr std::string_view kSuite = "bookworm";
constexpr std::string_view kPython = "3.11";

/// Suites come one by one, each with its Python and its table of maintainer scripts.
Located<std::string> read_only_choice(const YamlNode* base, std::string_view key, std::string_view only,
                                      const ReadContext& context) {
  const YamlNode* node = find_below(base, key);
  if (node == nullptr) return {std::string(only), {context.file, 0, 0, 0}};
  if (node->text != only) {
    add_mistake(context.diagnostics, fmt::format("`base.{}` cannot be `{}`", key, printable(node->text)),
                node->location, fmt::format("this version builds on Debian `{}` with Python `{}`", kSuite, kPython));
  }
  return {node->text, node->location};
}

DebianBase read_base(const YamlNode* node, const ReadContext& context) {
  DebianBase base;
  base.suite = read_only_choice(node, "debian", kSuite, context);
  base.python = read_only_choice(node, "python", kPython, context);
  const YamlNode* flavor = find_below(node, "flavor");
  base.flavor = flavor != nullptr && flavor->text == "distroless" ? BaseFlavor::Distroless : BaseFlavor::Slim;
  return base;
}

RequirementSet read_group(const YamlNode* requirements, std::string_view key, const RequirementSet& constraints,
                          const ReadContext& context) {
  RequirementSet set;
  set.constraints = constraints.requirements;
  if (const YamlNode* node = find_below(requirements, key)) {
    ReadRequirements read = read_requirements(*node, context.directory, context.directory_text, context.diagnostics);
    set.requirements = std::move(read.requirements);
    std::ranges::move(read.constraints, std::back_inserter(set.constraints));
  }
  return set;
}

/// A constraint says which version, if any: pip refuses those without a name or with extras.
RequirementSet read_constraints(const YamlNode* requirements, const ReadContext& context) {
  RequirementSet set = read_group(requirements, "constraints", {}, context);
  std::ranges::move(set.constraints, std::back_inserter(set.requirements));
  for (const python::Requirement& constraint : set.requirements) {
    if (constraint.name.empty() || !constraint.extras.empty()) {
      add_mistake(context.diagnostics, fmt::format("`{}` cannot be a constraint", printable(constraint.text)),
                  constraint.location, "a constraint is a name and versions, as in `numpy<2`");
    }
  }
  return set;
}

std::optional<std::string> project_name(const Located<std::string>& name, Diagnostics& diagnostics) {
  if (python::is_valid_name(name.value)) return python::normalize_name(name.value);
  add_mistake(diagnostics, fmt::format("`{}` is no project's name", printable(name.value)), name.location,
              "write the bare name, as in `torch`");
  return std::nullopt;
}

bool check_url(const YamlNode& url, Diagnostics& diagnostics) {
  const std::size_t scheme_end = url.text.find("://");
  const std::string host =
      scheme_end == std::string::npos
          ? ""
          : url.text.substr(scheme_end + 3, url.text.find_first_of("/?#", scheme_end + 3) - scheme_end - 3);
  const bool is_http = url.text.starts_with("https://") || url.text.starts_with("http://");
  if (!is_http || host.empty() || url.text.find_first_of(" \t\r\n\"<>\\") != std::string::npos) {
    return add_mistake(diagnostics, "`url` of an index must begin with `https://` or `http://` and a host",
                       url.location, "write the address of its simple API");
  }
  if (host.find('@') != std::string::npos) {  // the message must not repeat the secret
    return add_mistake(diagnostics, "`url` of an index holds user information", url.location,
                       "keep credentials in ~/.netrc; a spec is shared");
  }
  return true;
}

std::vector<SpecIndex> read_indexes(const YamlNode* python, const ReadContext& context) {
  std::vector<SpecIndex> indexes;
  std::map<std::string, Location> routed;
  const YamlNode* list = find_below(python, "indexes");
  for (const YamlPointer& item : list == nullptr ? std::vector<YamlPointer>{} : list->items) {
    const YamlNode& url = *item->find("url");
    SpecIndex index{{url.text, url.location}, {}};
    bool good = check_url(url, context.diagnostics);
    const std::vector<Located<std::string>> packages = texts_below(item.get(), "packages");
    if (packages.empty()) {
      good = add_mistake(context.diagnostics, "this index names no packages", item->location,
                         "list the packages that come from it, as in `packages: [torch]`");
    }
    for (const Located<std::string>& package : packages) {
      const std::optional<std::string> name = project_name(package, context.diagnostics);
      if (!name) continue;
      const auto [first, is_new] = routed.emplace(*name, package.location);
      if (is_new)
        index.packages.push_back(*name);
      else
        add_mistake(context.diagnostics, fmt::format("`{}` already comes from an index", *name), package.location,
                    fmt::format("see line {}; a package has one index", first->second.line));
    }
    if (good) indexes.push_back(std::move(index));
  }
  return indexes;
}

void read_sdists(const YamlNode* python, SpecVariant& variant, const ReadContext& context) {
  const YamlNode* node = find_below(python, "sdists");
  if (node == nullptr) return;
  if (node->is(YamlNode::Kind::Sequence)) {
    variant.sdists = SdistPolicy::Listed;
    for (const Located<std::string>& name : texts_below(python, "sdists")) {
      if (auto project = project_name(name, context.diagnostics)) variant.sdist_names.push_back(std::move(*project));
    }
    std::ranges::sort(variant.sdist_names);
    variant.sdist_names.erase(std::unique(variant.sdist_names.begin(), variant.sdist_names.end()),
                              variant.sdist_names.end());
  } else if (node->text == "allow") {
    variant.sdists = SdistPolicy::Allow;
  } else if (node->text != "deny") {
    add_mistake(context.diagnostics, fmt::format("`python.sdists` cannot be `{}`", printable(node->text)),
                node->location, fmt::format("it is `deny`, `allow`, or a list: `sdists: [{}]`", printable(node->text)));
  }
}

void read_python(const YamlNode* python, SpecVariant& variant, const ReadContext& context) {
  variant.indexes = read_indexes(python, context);
  read_sdists(python, variant, context);
  if (const YamlNode* bytecode = find_below(python, "bytecode")) variant.bytecode = bytecode->text == "true";
  if (const YamlNode* date = find_below(python, "exclude-newer")) {
    if (is_date_or_time(date->text))
      variant.exclude_newer = Located<std::string>{date->text, date->location};
    else
      add_mistake(context.diagnostics, fmt::format("`{}` is no date", printable(date->text)), date->location,
                  "write e.g. `2024-06-01` or `2024-06-01T12:00:00Z`");
  }
}

std::vector<Located<std::string>> read_packages(const YamlNode* system, std::string_view key,
                                                Diagnostics& diagnostics) {
  std::vector<Located<std::string>> packages;
  for (const Located<std::string>& package : texts_below(system, key)) {
    if (!is_debian_package_name(package.value)) {
      const bool has_version = package.value.find_first_of("=:") != std::string::npos;
      add_mistake(
          diagnostics, fmt::format("`{}` is no name of a Debian package", printable(package.value)), package.location,
          has_version ? "write the bare name; the lock pins version and architecture" : "write e.g. `libgomp1`");
    } else if (std::ranges::count(packages, package.value, &Located<std::string>::value) == 0) {
      packages.push_back(package);
    }
  }
  return packages;
}

SystemPackages read_system(const YamlNode* system, Diagnostics& diagnostics) {
  SystemPackages packages;
  packages.runtime = read_packages(system, "runtime", diagnostics);
  packages.build = read_packages(system, "build", diagnostics);
  const YamlNode* scripts = find_below(system, "scripts");
  if (scripts != nullptr && scripts->is(YamlNode::Kind::Scalar)) packages.run_all_scripts = scripts->location;
  for (const YamlNode::Entry& entry : entries_below(system, "scripts")) {
    if (is_debian_package_name(entry.key) && entry.value->text == "run")
      packages.run_scripts.push_back({entry.key, entry.location});
    else if (is_debian_package_name(entry.key))
      packages.ignore_scripts.push_back(entry.key);
    else
      add_mistake(diagnostics, fmt::format("`{}` is no name of a Debian package", printable(entry.key)), entry.location,
                  "write e.g. `libgomp1: ignore`");
  }
  std::ranges::sort(packages.ignore_scripts);
  return packages;
}

bool check_copy_target(const YamlNode& to, const std::optional<std::string>& clean, Diagnostics& diagnostics) {
  if (!clean) {
    return add_mistake(diagnostics,
                       fmt::format("`to` must be an absolute path without `..`, not `{}`", printable(to.text)),
                       to.location, "write e.g. `to: /app/config`");
  }
  if (const auto top = reserved_top(*clean)) {
    const bool linked = *top != "/proc" && *top != "/sys" && *top != "/dev" && *top != "/.dockerenv";
    return add_mistake(diagnostics, fmt::format("nothing can be copied to `{}`", *top), to.location,
                       linked ? fmt::format("it is a link to `/usr{}`; write that", *top)
                              : "the runtime mounts over it; write e.g. `to: /app`");
  }
  return true;
}

std::vector<AppCopy> read_app(const YamlNode& root, const ReadContext& context) {
  std::vector<AppCopy> copies;
  const YamlNode* list = root.find("app");
  for (const YamlPointer& item : list == nullptr ? std::vector<YamlPointer>{} : list->items) {
    const YamlNode& from = *item->find("from");
    const YamlNode& to = *item->find("to");
    const std::optional<std::string> target = clean_image_path(to.text);
    const bool target_good = check_copy_target(to, target, context.diagnostics);
    if (check_relative_path(from.text, from.location, Wanted::FileOrDirectory, context.directory,
                            context.diagnostics) &&
        target_good) {
      copies.push_back({{from.text, from.location}, *target});
    }
  }
  return copies;
}

oci::LayerCompression read_compression(const YamlNode& root) {
  const YamlNode* node = find_below(root.find("layers"), "compression");
  return node != nullptr && node->text == "zstd" ? oci::LayerCompression::Zstd : oci::LayerCompression::Gzip;
}

/// Each lazy form has a compression of its own, which another word for it would contradict.
void read_packing(const YamlNode& root, SpecVariant& variant, Diagnostics& diagnostics) {
  variant.compression = read_compression(root);
  const YamlNode* lazy = find_below(root.find("layers"), "lazy");
  if (lazy == nullptr) return;
  const bool is_estargz = lazy->text == "estargz";
  const std::string_view own = is_estargz ? "gzip" : "zstd";
  const YamlNode* compression = find_below(root.find("layers"), "compression");
  if (compression != nullptr && compression->text != own) {
    add_mistake(diagnostics, fmt::format("`layers.lazy: {}` cannot have `{}` layers", lazy->text, compression->text),
                compression->location,
                fmt::format("leave `compression` out: {} is always {}; or write `lazy: {}`", lazy->text, own,
                            is_estargz ? "zstd:chunked" : "estargz"));
  }
  variant.lazy = is_estargz ? oci::LazyFormat::Estargz : oci::LazyFormat::ZstdChunked;
  variant.compression = is_estargz ? oci::LayerCompression::Gzip : oci::LayerCompression::Zstd;
}

unsigned read_max_layers(const YamlNode& root, Diagnostics& diagnostics) {
  const YamlNode* node = find_below(root.find("layers"), "max");
  if (node == nullptr) return SpecVariant{}.max_layers;
  const auto max = static_cast<unsigned>(std::stoul(node->text));  // check_shape let at most nine digits pass
  if (max < kFewestLayers || max > kMostLayers)
    add_mistake(diagnostics, fmt::format("`layers.max` cannot be {}", max), node->location,
                fmt::format("{} to {}: container runtimes stop at {} layers", kFewestLayers, kMostLayers, kMaxLayers));
  return max;
}

bool is_module_name(std::string_view text) {
  const auto is_word = [](std::string_view word) {
    return !word.empty() && (word[0] < '0' || word[0] > '9') && std::ranges::all_of(word, [](char letter) {
      return letter == '_' || static_cast<unsigned char>(letter) >= 0x80 ||
             std::isalnum(static_cast<unsigned char>(letter)) != 0;
    });
  };
  return std::ranges::all_of(split(text, '.'), is_word);
}

ImageChecks read_check(const YamlNode* node, Diagnostics& diagnostics) {
  ImageChecks checks;
  for (Located<std::string>& module : texts_below(node, "imports")) {
    if (is_module_name(module.value))
      checks.imports.push_back(std::move(module));
    else
      add_mistake(diagnostics, fmt::format("`{}` is no module's name", printable(module.value)), module.location,
                  "write it as after `import`: sklearn, pipeline.main; a project's name may differ from it");
  }
  for (Located<std::string>& argument : texts_below(node, "command"))
    checks.command.push_back(std::move(argument.value));
  if (const YamlNode* command = find_below(node, "command")) checks.command_location = command->location;
  if (!checks.command.empty() && checks.command.front().empty())
    add_mistake(diagnostics, "`check.command` has no program", checks.command_location,
                "write e.g. `command: [python, -m, pipeline.main, --dry-run]`");
  if (const YamlNode* libraries = find_below(node, "libraries")) {
    using Mode = LibraryCheck::Mode;
    checks.libraries = {libraries->text == "error"  ? Mode::Error
                        : libraries->text == "warn" ? Mode::Warn
                                                    : Mode::Off,
                        libraries->location};
  }
  return checks;
}

/// "8.0", "sm_80", "90a" -> "80", "80", "90".
std::optional<std::string> capability(std::string_view text) {
  if (text.starts_with("sm_")) text.remove_prefix(3);
  std::string digits;
  for (const char letter : text) {
    if (std::isdigit(static_cast<unsigned char>(letter)) != 0)
      digits += letter;
    else if (letter != '.' && letter != 'a' && letter != 'f')
      return std::nullopt;
  }
  if (digits.size() < 2 || digits.size() > 3) return std::nullopt;
  return digits;
}

/// "12.1"
bool is_release(std::string_view text) {
  const std::vector<std::string_view> numbers = split(text, '.');
  return numbers.size() == 2 && std::ranges::all_of(numbers, [](std::string_view number) {
           return !number.empty() && number.size() <= 2 &&
                  number.find_first_not_of("0123456789") == std::string_view::npos;
         });
}

GpuSpec read_gpu(const YamlNode* node, Diagnostics& diagnostics) {
  GpuSpec gpu;
  if (const YamlNode* cuda = find_below(node, "cuda")) {
    if (is_release(cuda->text))
      gpu.cuda = {cuda->text, cuda->location};
    else
      add_mistake(diagnostics, fmt::format("`gpu.cuda` cannot be `{}`", printable(cuda->text)), cuda->location,
                  "write a version in quotation marks, MAJOR.MINOR: `cuda: \"12.1\"`");
  }
  for (Located<std::string>& wanted : texts_below(node, "architectures")) {
    if (const auto digits = capability(wanted.value))
      gpu.architectures.push_back({*digits, wanted.location});
    else
      add_mistake(diagnostics, fmt::format("`{}` is no compute capability", printable(wanted.value)), wanted.location,
                  "write e.g. `8.0` (A100), `8.9` (L4), `9.0` (H100)");
  }
  return gpu;
}

}  // namespace

SpecVariant read_variant(const YamlNode& root, const ReadContext& context) {
  SpecVariant variant;
  variant.base = read_base(root.find("base"), context);
  variant.foreign_base = read_foreign_base(root.find("base"), context);
  const YamlNode* requirements = root.find("requirements");
  const RequirementSet constraints = read_constraints(requirements, context);
  variant.runtime = read_group(requirements, "runtime", constraints, context);
  variant.build = read_group(requirements, "build", constraints, context);
  variant.dev = read_group(requirements, "dev", constraints, context);
  read_python(root.find("python"), variant, context);
  variant.system = read_system(root.find("system"), context.diagnostics);
  variant.steps = read_steps(root, context);
  variant.app = read_app(root, context);
  variant.config = read_config(root.find("config"), context.diagnostics);
  variant.check = read_check(root.find("check"), context.diagnostics);
  variant.budget = read_budget(root.find("budget"), context.diagnostics);
  variant.gpu = read_gpu(root.find("gpu"), context.diagnostics);
  variant.prune = read_prune(root.find("prune"), context.diagnostics);
  if (variant.prune.any()) variant.prune_location = root.find("prune")->location;
  variant.max_layers = read_max_layers(root, context.diagnostics);
  read_packing(root, variant, context.diagnostics);
  check_scratch(variant, context.diagnostics);
  return variant;
}

}  // namespace mlbuild::spec
