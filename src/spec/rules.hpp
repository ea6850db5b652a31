#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::spec {

/// What may stand at one place of a spec. The parser and the JSON Schema are both made from this table, so that they
/// agree.
struct Rule {
  enum class Shape {
    Text,           ///< a scalar, taken as written
    Integer,        ///< decimal digits
    Boolean,        ///< true or false
    List,           ///< of `item`
    TextOrList,     ///< one scalar, or a list of `item`
    Mapping,        ///< with the keys in `keys`
    TextOrMapping,  ///< one scalar, or a mapping with the keys in `keys`
    Names,          ///< a mapping whose keys the user chooses; values are `item`
  };
  struct Key;

  Shape shape = Shape::Text;
  std::string description;
  std::vector<Key> keys;
  std::vector<Rule> item;          ///< exactly one for List, TextOrList and Names
  std::vector<std::string> words;  ///< the only scalars allowed; empty: any
  std::string pattern;             ///< of the scalar, for the schema; the parser says more than "does not match"
  bool required = false;

  const Rule* find(std::string_view key) const;
  std::vector<std::string> key_names() const;
};

struct Rule::Key {
  std::string name;
  Rule rule;
};

/// The spec, version 1. docs/spec.md explains it to people.
Rule spec_rule();

/// Keys that a variant may override: all that decide its image.
std::vector<std::string> variant_keys();

}  // namespace mlbuild::spec
