#include "check_shape.hpp"
#include "foreign_base.hpp"
#include "parse_spec.hpp"
#include "read_variant.hpp"
#include "value_reader.hpp"
#include "words.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/spec/spec_edits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using spec::add_mistake;
using spec::YamlNode;
using spec::YamlPointer;

constexpr std::uint64_t kSpecLimitBytes = 1U << 20U;
constexpr std::size_t kVariantLimit = 256;

std::string read_name(const YamlNode& root, Diagnostics& diagnostics) {
  const YamlNode* name = root.find("name");
  if (name == nullptr) return {};
  if (!spec::is_spec_name(name->text)) {
    add_mistake(diagnostics, fmt::format("`name` cannot be `{}`", printable(name->text)), name->location,
                "lower-case letters and digits, with single `.`, `_` or `-` between them, as in `churn-train`");
  }
  return name->text;
}

std::optional<Located<std::string>> read_image(const YamlNode& root, Diagnostics& diagnostics) {
  const YamlNode* image = root.find("image");
  if (image == nullptr) return std::nullopt;
  try {
    if (oci::Reference::parse(image->text).digest) {
      add_mistake(diagnostics, "`image` names a digest, which is only known after the build", image->location,
                  "remove the part from `@` on");
    }
  } catch (const Error& error) {
    add_mistake(diagnostics, error.message(), image->location, error.hint_text());
  }
  return Located<std::string>{image->text, image->location};
}

std::vector<oci::Platform> read_platforms(const YamlNode& root, Diagnostics& diagnostics) {
  std::vector<oci::Platform> platforms;
  const YamlNode* list = root.find("platforms");
  if (list == nullptr) return {oci::Platform{}};
  for (const YamlPointer& item : list->items) {
    const oci::Platform platform = oci::Platform::parse(item->text);
    if (std::ranges::count(platforms, platform) == 0) platforms.push_back(platform);
  }
  if (list->items.empty() && diagnostics.empty())
    add_mistake(diagnostics, "`platforms` is empty", list->location,
                "write e.g. `platforms: [linux/amd64]`, or remove it");
  return platforms;
}

/// The spec with one variant's overrides: the keys of a variant are those of the spec.
YamlPointer without_variants(const YamlPointer& root) {
  auto plain = std::make_shared<YamlNode>(*root);
  std::erase_if(plain->entries, [](const YamlNode::Entry& entry) { return entry.key == "variants"; });
  return plain;
}

/// The mistakes of the spec's own part come again with each variant; once is enough.
void throw_unique(const Diagnostics& diagnostics) {
  Diagnostics unique;
  for (const Error& error : diagnostics.errors()) {
    const bool known = std::ranges::any_of(unique.errors(), [&](const Error& other) {
      return other.message() == error.message() && other.location() == error.location();
    });
    if (!known) unique.add(error);
  }
  unique.throw_if_any();
}

void read_variants(const YamlPointer& root, const spec::ReadContext& context, Spec& result) {
  const YamlPointer plain = without_variants(root);
  result.variants.push_back(spec::read_variant(*plain, context));
  const std::vector<YamlNode::Entry> entries = spec::entries_below(root.get(), "variants");
  if (entries.size() > kVariantLimit) {
    add_mistake(context.diagnostics, fmt::format("the spec has more than {} variants", kVariantLimit),
                root->find("variants")->location, "divide it into several specs");
    return;
  }
  for (const YamlNode::Entry& entry : entries) {
    if (!spec::is_spec_name(entry.key)) {
      add_mistake(context.diagnostics, fmt::format("a variant cannot be called `{}`", printable(entry.key)),
                  entry.location,
                  "lower-case letters and digits, with single `.`, `_` or `-` between them, as in `serve`");
      continue;
    }
    const bool overrides = entry.value->is(YamlNode::Kind::Mapping);
    SpecVariant variant = spec::read_variant(
        overrides ? *spec::merge_yaml(spec::without_replaced_base(plain, *entry.value), entry.value) : *plain, context);
    variant.name = entry.key;
    result.variants.push_back(std::move(variant));
  }
}

void check_spec_file(const fs::path& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status)) {
    throw Error(ErrorKind::Spec, fmt::format("there is no spec `{}`", printable(path.string())))
        .hint("name one, as in `mlbuild build specs/demo/mlbuild.yaml`");
  }
  if (fs::is_directory(status)) {
    throw Error(ErrorKind::Spec, fmt::format("`{}` is a directory", printable(path.string())))
        .hint(fmt::format("name the spec in it, e.g. `{}`", printable((path / "mlbuild.yaml").string())));
  }
  if (!fs::is_regular_file(status))
    throw Error(ErrorKind::Spec, fmt::format("`{}` is not a regular file", printable(path.string())))
        .hint("a spec is a YAML file beside what it copies");
}

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// The files on the disk, some with other texts.
class ChangedDirectory final : public spec::SpecDirectory {
 public:
  ChangedDirectory(const fs::path& spec, const std::map<std::string, std::string>& texts)
      : disk_(directory_of(spec)), shown_(spec.parent_path()), texts_(texts) {}

  Kind look_up(const std::string& name) const override { return disk_.look_up(name); }
  std::string read_text(const std::string& name, std::uint64_t limit_bytes) const override {
    const auto changed = texts_.find((shown_ / name).lexically_normal().string());
    return changed != texts_.end() ? changed->second : disk_.read_text(name, limit_bytes);
  }
  std::vector<std::string> names_in(const std::string& name) const override { return disk_.names_in(name); }

 private:
  spec::DiskDirectory disk_;
  fs::path shown_;
  const std::map<std::string, std::string>& texts_;
};

}  // namespace

namespace spec {

Spec parse_spec_text(std::string_view text, const fs::path& path, const SpecDirectory& directory) {
  Spec result;
  result.path = path;
  result.directory = directory_of(path);
  Diagnostics diagnostics;
  const YamlPointer tree = parse_yaml(text, path.string(), diagnostics);
  if (tree->is(YamlNode::Kind::Null)) {
    throw Error(ErrorKind::Spec, "the spec is empty")
        .at({path.string(), 0, 0, 0})
        .hint("begin with `version: 1` and `name: ...`; docs/spec.md shows a whole one");
  }
  const YamlPointer root = check_shape(tree, spec_rule(), diagnostics);
  result.name = read_name(*root, diagnostics);
  result.image = read_image(*root, diagnostics);
  result.platforms = read_platforms(*root, diagnostics);
  read_variants(root, {directory, path.parent_path().string(), path.string(), diagnostics}, result);
  throw_unique(diagnostics);
  return result;
}

}  // namespace spec

Spec read_spec(const fs::path& path) { return read_changed_spec(path, {}); }

Spec read_changed_spec(const fs::path& path, const std::map<std::string, std::string>& texts) {
  check_spec_file(path);
  const auto changed = texts.find(path.string());
  const std::string text = changed != texts.end() ? changed->second : spec::read_file_text(path, kSpecLimitBytes);
  return spec::parse_spec_text(text, path, ChangedDirectory(path, texts));
}

const SpecVariant& Spec::variant(const std::string& wanted) const {
  std::vector<std::string> names;
  for (const SpecVariant& variant : variants) {
    if (variant.name == wanted) return variant;
    if (!variant.name.empty()) names.push_back(variant.name);
  }
  const std::optional<std::string> near = nearest_word(wanted, names);
  std::string hint = "the spec has no variants; leave `--variant` out";
  if (near)
    hint = fmt::format("did you mean `{}`?", *near);
  else if (!names.empty())
    hint = fmt::format("it has {}", join(names, ", "));
  throw Error(ErrorKind::Usage, fmt::format("`{}` has no variant `{}`", path.string(), printable(wanted))).hint(hint);
}

}  // namespace mlbuild
