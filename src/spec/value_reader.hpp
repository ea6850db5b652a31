#pragma once

#include "yaml_tree.hpp"

#include "mlbuild/spec/spec.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::spec {

/// Access to a tree that check_shape() passed: what is absent is a null pointer or an empty list.
inline const YamlNode* find_below(const YamlNode* node, std::string_view key) {
  return node == nullptr ? nullptr : node->find(key);
}

inline std::vector<Located<std::string>> texts_below(const YamlNode* node, std::string_view key) {
  std::vector<Located<std::string>> texts;
  if (const YamlNode* list = find_below(node, key)) {
    for (const YamlPointer& item : list->items) texts.push_back({item->text, item->location});
  }
  return texts;
}

inline std::vector<YamlNode::Entry> entries_below(const YamlNode* node, std::string_view key) {
  const YamlNode* mapping = find_below(node, key);
  return mapping == nullptr ? std::vector<YamlNode::Entry>{} : mapping->entries;
}

/// Adds a mistake about a value; returns false so that a check can end with it.
inline bool add_mistake(Diagnostics& diagnostics, std::string message, const Location& at, std::string hint) {
  diagnostics.add(Error(ErrorKind::Spec, std::move(message)).at(at).hint(std::move(hint)));
  return false;
}

}  // namespace mlbuild::spec
