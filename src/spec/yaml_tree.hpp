#pragma once

#include "mlbuild/base/error.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::spec {

/// A YAML value with its place. Scalars keep the text as written: `3.10` stays "3.10" and never becomes the number 3.1.
struct YamlNode {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  struct Entry;

  Kind kind = Kind::Null;
  std::string text;  ///< Scalar
  bool quoted = false;
  Location location;
  std::vector<std::shared_ptr<const YamlNode>> items;  ///< Sequence
  std::vector<Entry> entries;                          ///< Mapping, in the order of the file

  bool is(Kind wanted) const { return kind == wanted; }
  const YamlNode* find(std::string_view key) const;  ///< nullptr when absent or null
  const Entry* find_entry(std::string_view key) const;
};

/// Nodes are shared between an anchor and its aliases, and between a spec and the variants that override parts of it.
using YamlPointer = std::shared_ptr<const YamlNode>;

struct YamlNode::Entry {
  std::string key;
  Location location;  ///< of the key
  YamlPointer value;
};

/// Reads one YAML document. Bytes that could hide something (not UTF-8, control and bidirectional characters), syntax
/// errors, documents after the first, custom tags, keys that are not scalars, nesting above 32 levels and more than
/// 20,000 values after the expansion of aliases are Error{Spec} with the place. Keys given twice are added to
/// `diagnostics`; the first one counts.
YamlPointer parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics);

/// `override` laid over `base`: mappings are merged key by key, everything else is replaced. Places stay those of the
/// file.
YamlPointer merge_yaml(const YamlPointer& base, const YamlPointer& override);

}  // namespace mlbuild::spec
