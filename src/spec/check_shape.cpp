#include "check_shape.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::spec {
namespace {

using Kind = YamlNode::Kind;
using Shape = Rule::Shape;

std::string quoted(std::string_view word) { return fmt::format("`{}`", printable(word)); }

std::string quoted_list(std::span<const std::string> words) {
  std::vector<std::string> all;
  for (const std::string& word : words) all.push_back(quoted(word));
  return join(all, ", ");
}

/// "config.cmd" for "cmd": where a key would be right that stands at the wrong place.
std::string home_of(std::string_view name, const Rule& rule, const std::string& path) {
  for (const Rule::Key& key : rule.keys) {
    std::string here = path.empty() ? key.name : path + "." + key.name;
    if (key.name == name) return here;
    if (std::string below = home_of(name, key.rule, here); !below.empty()) return below;
  }
  return {};
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 9 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class ShapeCheck {
 public:
  ShapeCheck(const Rule& root, Diagnostics& diagnostics) : root_(root), diagnostics_(diagnostics) {}

  YamlPointer check(const YamlPointer& node, const Rule& rule, const std::string& path) {
    if (node->is(Kind::Null)) return node;
    switch (rule.shape) {
      case Shape::Text:
      case Shape::Integer:
      case Shape::Boolean:
        return check_scalar(node, rule, path);
      case Shape::List:
        return node->is(Kind::Sequence) ? check_list(*node, rule.item.front(), path)
                                        : refuse(*node, path, list_hint(*node, path));
      case Shape::TextOrList:
        if (node->is(Kind::Scalar)) return node;
        return node->is(Kind::Sequence)
                   ? check_list(*node, rule.item.front(), path)
                   : refuse(*node, path, fmt::format("write one value after `{}:`, or a list", last_key(path)));
      case Shape::TextOrMapping:
        if (node->is(Kind::Scalar)) return node;
        return node->is(Kind::Mapping)
                   ? check_keys(*node, rule, path)
                   : refuse(*node, path, fmt::format("write one value, or {}", mapping_hint(rule, path)));
      case Shape::Mapping:
      case Shape::Names:
        if (node->is(Kind::Scalar) && std::ranges::count(rule.words, node->text) > 0) return node;
        if (!node->is(Kind::Mapping)) return refuse(*node, path, mapping_hint(rule, path));
        return rule.shape == Shape::Mapping ? check_keys(*node, rule, path)
                                            : check_names(*node, rule.item.front(), path);
    }
    return node;
  }

 private:
  static std::string last_key(const std::string& path) { return path.substr(path.rfind('.') + 1); }

  static std::string list_hint(const YamlNode& node, const std::string& path) {
    if (!node.is(Kind::Scalar))
      return fmt::format("write a list: each item on its own line after `- ` below `{}:`", last_key(path));
    std::vector<std::string> words;
    for (const std::string_view word : split(node.text, ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    return fmt::format("write a list: `{}: [{}]`", last_key(path), printable(join(words, ", ")));
  }

  static std::string mapping_hint(const Rule& rule, const std::string& path) {
    if (rule.shape == Shape::Names) return fmt::format("write `NAME: VALUE` lines below `{}:`", last_key(path));
    if (path.empty()) return "a spec begins with `version: 1`";
    const std::string word = rule.words.empty() ? "" : fmt::format("write {}, or ", quoted_list(rule.words));
    return fmt::format("{}{}keys below it: {}", word, word.empty() ? "write " : "", quoted_list(rule.key_names()));
  }

  static YamlPointer nothing() { return std::make_shared<YamlNode>(); }

  YamlPointer refuse(const YamlNode& node, const std::string& path, const std::string& hint) {
    const std::string_view found = node.is(Kind::Scalar)     ? "a single value"
                                   : node.is(Kind::Sequence) ? "a list"
                                                             : "a mapping";
    const std::string place = path.empty() ? "the spec" : quoted(path);
    diagnostics_.add(Error(ErrorKind::Spec, fmt::format("{} cannot be {}", place, found)).at(node.location).hint(hint));
    return nothing();
  }

  YamlPointer check_scalar(const YamlPointer& node, const Rule& rule, const std::string& path) {
    if (!node->is(Kind::Scalar)) return refuse(*node, path, "write one value");
    if (rule.shape == Shape::Integer && !is_digits(node->text)) {
      diagnostics_.add(
          Error(ErrorKind::Spec, fmt::format("{} must be a number, not {}", quoted(path), quoted(node->text)))
              .at(node->location)
              .hint("write decimal digits only"));
      return nothing();
    }
    if (rule.words.empty() || std::ranges::count(rule.words, node->text) > 0) return node;
    refuse_word(*node, rule, path);
    return nothing();
  }

  void refuse_word(const YamlNode& node, const Rule& rule, const std::string& path) {
    std::vector<std::string> known = rule.words;
    if (rule.shape == Shape::Boolean) known = {"true", "false"};
    const std::optional<std::string> near = nearest_word(node.text, known);
    diagnostics_.add(Error(ErrorKind::Spec, fmt::format("{} cannot be {}", quoted(path), quoted(node.text)))
                         .at(node.location)
                         .hint(near ? fmt::format("did you mean {}?", quoted(*near))
                                    : fmt::format("it can be {}", quoted_list(known))));
  }

  YamlPointer check_list(const YamlNode& list, const Rule& item, const std::string& path) {
    auto good = std::make_shared<YamlNode>(list);
    good->items.clear();
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string here = fmt::format("{}[{}]", path, i);
      if (list.items[i]->is(Kind::Null)) {
        diagnostics_.add(Error(ErrorKind::Spec, fmt::format("{} is empty", quoted(here)))
                             .at(list.items[i]->location)
                             .hint("remove the item, or write its value behind `- `"));
        continue;
      }
      YamlPointer kept = check(list.items[i], item, here);
      if (!kept->is(Kind::Null)) good->items.push_back(std::move(kept));
    }
    return good;
  }

  YamlPointer check_names(const YamlNode& mapping, const Rule& item, const std::string& path) {
    auto good = std::make_shared<YamlNode>(mapping);
    good->entries.clear();
    for (const YamlNode::Entry& entry : mapping.entries) {
      const std::string here = path + "." + entry.key;
      if (entry.value->is(Kind::Null) && item.shape == Shape::Text) {
        diagnostics_.add(Error(ErrorKind::Spec, fmt::format("{} has no value", quoted(here)))
                             .at(entry.location)
                             .hint("write `\"\"` when it shall be empty"));
        continue;
      }
      YamlPointer kept = check(entry.value, item, here);
      if (!kept->is(Kind::Null) || entry.value->is(Kind::Null))
        good->entries.push_back({entry.key, entry.location, std::move(kept)});
    }
    return good;
  }

  YamlPointer check_keys(const YamlNode& mapping, const Rule& rule, const std::string& path) {
    auto good = std::make_shared<YamlNode>(mapping);
    good->entries.clear();
    for (const YamlNode::Entry& entry : mapping.entries) {
      const std::string here = path.empty() ? entry.key : path + "." + entry.key;
      const Rule* known = rule.find(entry.key);
      if (known == nullptr)
        refuse_key(entry, rule, path);
      else
        good->entries.push_back({entry.key, entry.location, check(entry.value, *known, here)});
    }
    bool complete = true;
    for (const Rule::Key& key : rule.keys) {
      if (key.rule.required) complete = check_required(mapping, *good, key, path) && complete;
    }
    return complete || path.empty() ? YamlPointer(good) : nothing();
  }

  bool check_required(const YamlNode& mapping, const YamlNode& good, const Rule::Key& key, const std::string& path) {
    if (good.find(key.name) != nullptr) return true;
    if (mapping.find(key.name) == nullptr) {
      Location at = mapping.location;
      if (path.empty()) at = {at.file, 0, 0, 0};
      const std::string owner = path.empty() ? "the spec" : quoted(path);
      diagnostics_.add(
          Error(ErrorKind::Spec, fmt::format("{} has no {}", owner, quoted(key.name)))
              .at(at)
              .hint(key.name == "version" ? "write `version: 1` at the top" : fmt::format("add `{}: ...`", key.name)));
    }
    return false;
  }

  void refuse_key(const YamlNode::Entry& entry, const Rule& rule, const std::string& path) {
    const std::vector<std::string> known = rule.key_names();
    std::string hint;
    if (entry.key == "<<")
      hint = "YAML merge keys are not read; `variants` override single values";
    else if (!path.empty() && root_.find(entry.key) != nullptr)
      hint = fmt::format("{} belongs at the top of the spec{}", quoted(entry.key),
                         path.starts_with("variants.") ? "; it holds for all variants" : "");
    else if (const auto near = nearest_word(entry.key, known))
      hint = fmt::format("did you mean {}?", quoted(*near));
    else if (const std::string home = home_of(entry.key, root_, ""); !home.empty())
      hint = fmt::format("did you mean {}?", quoted(home));
    else
      hint = fmt::format("known here: {}", quoted_list(known));
    const std::string place = path.empty() ? "" : fmt::format(" in {}", quoted(path));
    diagnostics_.add(Error(ErrorKind::Spec, fmt::format("unknown key {}{}", quoted(entry.key), place))
                         .at(entry.location)
                         .hint(hint));
  }

  const Rule& root_;
  Diagnostics& diagnostics_;
};

}  // namespace

YamlPointer check_shape(const YamlPointer& node, const Rule& rule, Diagnostics& diagnostics) {
  return ShapeCheck(rule, diagnostics).check(node, rule, "");
}

}  // namespace mlbuild::spec
