#include "foreign_base.hpp"

#include "requirements.hpp"
#include "value_reader.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {

std::string_view ForeignBase::kind_name() const {
  switch (kind) {
    case Kind::Image:
      return "image";
    case Kind::Oci:
      return "oci";
    case Kind::Archive:
      return "archive";
    case Kind::Scratch:
      break;
  }
  return "scratch";
}

LayoutReference split_layout_reference(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  const std::size_t colon = text.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

namespace spec {
namespace {

using Kind = ForeignBase::Kind;

constexpr std::array<std::string_view, 3> kForeignKeys{"image", "oci", "archive"};
constexpr std::array<std::string_view, 3> kDebianKeys{"debian", "python", "flavor"};

Kind kind_of(std::string_view key) {
  if (key == "image") return Kind::Image;
  return key == "oci" ? Kind::Oci : Kind::Archive;
}

bool has_value(const YamlNode& base, std::string_view key) {
  const YamlNode* node = base.find(key);
  return node != nullptr && !node->is(YamlNode::Kind::Null);
}

/// The key that says what kind of base it is; "" when nothing does.
std::string_view kind_key(const YamlNode& base) {
  if (base.is(YamlNode::Kind::Scalar)) return "scratch";
  if (!base.is(YamlNode::Kind::Mapping)) return "";
  for (const std::string_view key : kForeignKeys) {
    if (has_value(base, key)) return key;
  }
  const bool is_debian = std::ranges::any_of(kDebianKeys, [&](std::string_view key) { return has_value(base, key); });
  return is_debian ? "debian" : "";
}

void check_image(const YamlNode& node, Diagnostics& diagnostics) {
  try {
    const oci::Reference reference = oci::Reference::parse(node.text);
    if (!reference.host.empty()) return;
    add_mistake(diagnostics, fmt::format("`base.image: {}` names no registry", printable(node.text)), node.location,
                fmt::format("write its host before it, e.g. `registry.example/library/{}`", printable(node.text)));
  } catch (const Error& error) {
    add_mistake(diagnostics, error.message(), node.location, error.hint_text());
  }
}

void check_layout(const YamlNode& node, const ReadContext& context) {
  const LayoutReference layout = split_layout_reference(node.text);
  if (!check_relative_path(layout.directory, node.location, Wanted::FileOrDirectory, context.directory,
                           context.diagnostics)) {
    return;
  }
  if (context.directory.look_up(layout.directory) != SpecDirectory::Kind::Directory) {
    add_mistake(context.diagnostics, fmt::format("`{}` is no directory", printable(layout.directory)), node.location,
                fmt::format("an OCI layout is one; for a file write `archive: {}`", printable(layout.directory)));
  }
}

void check_archive(const YamlNode& node, const ReadContext& context) {
  if (context.directory.look_up(node.text) == SpecDirectory::Kind::Directory) {
    add_mistake(context.diagnostics, fmt::format("`{}` is a directory", printable(node.text)), node.location,
                fmt::format("for an OCI layout write `oci: {}`", printable(node.text)));
    return;
  }
  check_relative_path(node.text, node.location, Wanted::File, context.directory, context.diagnostics);
}

void refuse_mixture(const YamlNode& base, std::string_view key, Diagnostics& diagnostics) {
  for (const auto& keys : {kForeignKeys, kDebianKeys}) {
    for (const std::string_view other : keys) {
      if (other == key || !has_value(base, other)) continue;
      add_mistake(diagnostics, fmt::format("`base` has both `{}` and `{}`", key, other), base.find(other)->location,
                  fmt::format("an image has one base; remove `{}`", other));
    }
  }
}

}  // namespace

std::optional<ForeignBase> read_foreign_base(const YamlNode* base, const ReadContext& context) {
  if (base == nullptr) return std::nullopt;
  const std::string_view key = kind_key(*base);
  if (key == "scratch") return ForeignBase{Kind::Scratch, {"scratch", base->location}};
  if (key.empty() || key == "debian") return std::nullopt;
  refuse_mixture(*base, key, context.diagnostics);
  const YamlNode& node = *base->find(key);
  const ForeignBase foreign{kind_of(key), {node.text, node.location}};
  if (foreign.kind == Kind::Image) check_image(node, context.diagnostics);
  if (foreign.kind == Kind::Oci) check_layout(node, context);
  if (foreign.kind == Kind::Archive) check_archive(node, context);
  return foreign;
}

void check_scratch(const SpecVariant& variant, Diagnostics& diagnostics) {
  if (!variant.foreign_base || variant.foreign_base->kind != Kind::Scratch) return;
  constexpr const char* kHint = "leave `base` out for Debian with Python, or name an image that has what is needed";
  if (!variant.runtime.requirements.empty()) {
    const python::Requirement& first = variant.runtime.requirements.front();
    add_mistake(diagnostics,
                fmt::format("requirement `{}` cannot be installed on `base: scratch`, which has no Python",
                            printable(first.text)),
                first.location, kHint);
  }
  if (!variant.dev.requirements.empty()) {
    const python::Requirement& first = variant.dev.requirements.front();
    add_mistake(diagnostics,
                fmt::format("requirement `{}` cannot be resolved for `base: scratch`, which has no Python",
                            printable(first.text)),
                first.location, kHint);
  }
  if (!variant.system.runtime.empty()) {
    const Located<std::string>& first = variant.system.runtime.front();
    add_mistake(diagnostics, fmt::format("package `{}` cannot be installed on `base: scratch`", first.value),
                first.location, kHint);
  }
  if (!variant.steps.empty()) {
    add_mistake(diagnostics, "no command can run on `base: scratch`, which has no programs",
                variant.steps.front().command.location, kHint);
  }
  if (variant.app.empty()) {
    add_mistake(diagnostics, "an image on `base: scratch` without `app` is empty",
                variant.foreign_base->reference.location, "copy files into it: `app: [{from: ..., to: /...}]`");
  }
}

YamlPointer without_replaced_base(const YamlPointer& root, const YamlNode& overrides) {
  const YamlNode* before = root->find("base");
  const YamlNode* now = overrides.find("base");
  if (before == nullptr || now == nullptr) return root;
  const std::string_view kind = kind_key(*now);
  if (kind.empty() || kind == kind_key(*before)) return root;
  auto rest = std::make_shared<YamlNode>(*root);
  std::erase_if(rest->entries, [](const YamlNode::Entry& entry) { return entry.key == "base"; });
  return rest;
}

}  // namespace spec
}  // namespace mlbuild
