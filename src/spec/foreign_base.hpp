#pragma once

#include "read_variant.hpp"
#include "yaml_tree.hpp"

#include "mlbuild/spec/spec.hpp"

#include <optional>

namespace mlbuild::spec {

/// `base: {image|oci|archive: ...}` or `base: scratch`; nothing for a base of Debian packages.
std::optional<ForeignBase> read_foreign_base(const YamlNode* base, const ReadContext& context);

/// On `scratch` there is nothing that could run Python or hold a package.
void check_scratch(const SpecVariant& variant, Diagnostics& diagnostics);

/// A variant that names another kind of base replaces the spec's as a whole: the keys of two kinds do not mix.
YamlPointer without_replaced_base(const YamlPointer& root, const YamlNode& overrides);

}  // namespace mlbuild::spec
