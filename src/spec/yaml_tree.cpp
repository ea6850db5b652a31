#include "yaml_tree.hpp"

#include "source_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace mlbuild::spec {
namespace {

constexpr std::size_t kDepthLimit = 32;
constexpr std::size_t kValueLimit = 20'000;

/// Builds the tree from yaml-cpp's events. Its own YAML::Node is not used: that one keeps duplicate keys, and gives
/// neither a bound on what aliases expand to nor the difference between `3.10` and `"3.10"`.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Diagnostics& diagnostics) : source_(source), diagnostics_(diagnostics) {}

  YamlPointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<YamlNode>();
    node->location = source_.place(mark.line, mark.column);
    finish(std::move(node), anchor, 1);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlNode::Kind::Scalar;
    node->text = value;
    node->quoted = tag == "!";
    node->location = source_.scalar(mark.line, mark.column, value);
    refuse_tag(tag, node->location);
    if (node->quoted &&
        !source_.quote_ends(mark.line, mark.column)) {  // yaml-cpp takes the rest of the file as the value
      throw Error(ErrorKind::Spec, "this is not valid YAML: the quote is never closed")
          .at(node->location)
          .hint("close the quote");
    }
    finish(std::move(node), anchor, 1);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::Sequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::Mapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {  // an anchor that is still open: the value would hold itself
      throw Error(ErrorKind::Spec, "this alias stands inside the value it names")
          .at(source_.place(mark.line, mark.column))
          .hint("write the value out");
    }
    if (!open_.empty() && open_.size() + known->second.depth > kDepthLimit)
      refuse_depth(source_.place(mark.line, mark.column));
    place(known->second.node, known->second.values, known->second.depth, source_.place(mark.line, mark.column));
  }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    std::size_t values = 1;  // of this subtree, aliases expanded
    std::size_t depth = 1;
    bool awaits_value = false;  // a mapping whose key was read
    bool drop_value = false;    // that key was given before
  };
  struct Anchored {
    YamlPointer node;
    std::size_t values;
    std::size_t depth;
  };

  [[noreturn]] static void refuse_depth(const Location& at) {
    throw Error(ErrorKind::Spec, fmt::format("values are nested deeper than {} levels", kDepthLimit))
        .at(at)
        .hint("no key of a spec needs more than five");
  }

  static void refuse_tag(const std::string& tag, const Location& at) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Error(ErrorKind::Spec, fmt::format("the YAML tag `{}` has no meaning here", printable(tag)))
        .at(at)
        .hint("remove the tag; the key decides how its value is read");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Location at = source_.place(mark.line, mark.column);
    refuse_tag(tag, at);
    if (open_.size() >= kDepthLimit) refuse_depth(at);
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->location = at;
    open_.push_back({std::move(node), anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.node), done.anchor, done.values, done.depth);
  }

  void finish(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor, std::size_t values, std::size_t depth = 1) {
    const YamlPointer ready = std::move(node);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {ready, values, depth};
    place(ready, values, depth, ready->location);
  }

  /// Puts a finished value where it belongs: root, list item, key or value of a mapping.
  void place(const YamlPointer& node, std::size_t values, std::size_t depth, const Location& at) {
    if (open_.empty()) {
      root_ = node;
      return;
    }
    Open& parent = open_.back();
    parent.values += values;
    parent.depth = std::max(parent.depth, depth + 1);
    if (parent.values > kValueLimit) {
      throw Error(ErrorKind::Spec, fmt::format("the spec has more than {} values", kValueLimit))
          .at(at)
          .hint("aliases count with everything they stand for; move long lists to files");
    }
    if (parent.node->is(YamlNode::Kind::Sequence)) {
      parent.node->items.push_back(node);
    } else if (!parent.awaits_value) {
      begin_entry(parent, *node, at);
    } else {
      if (!parent.drop_value) parent.node->entries.back().value = node;
      parent.awaits_value = false;
    }
  }

  void begin_entry(Open& parent, const YamlNode& key, const Location& at) {
    if (!key.is(YamlNode::Kind::Scalar)) {
      throw Error(ErrorKind::Spec, "a key must be a word")
          .at(at)
          .hint("write `key: value`, with the key in quotes if it holds `{` or `[`");
    }
    parent.awaits_value = true;
    const YamlNode::Entry* earlier = parent.node->find_entry(key.text);
    parent.drop_value = earlier != nullptr;
    if (earlier == nullptr) {
      parent.node->entries.push_back({key.text, key.location, std::make_shared<YamlNode>()});
      return;
    }
    diagnostics_.add(Error(ErrorKind::Spec, fmt::format("`{}` is given twice", printable(key.text)))
                         .at(key.location)
                         .hint(fmt::format("the first one is in line {}; keep one of them", earlier->location.line)));
  }

  const SourceText& source_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  YamlPointer root_;
};

std::string hint_for_syntax(const std::string& problem) {
  if (problem.find("tab") != std::string::npos) return "indent with spaces; YAML takes no tabs there";
  if (problem.find("alias") != std::string::npos || problem.find("anchor") != std::string::npos) {
    return "a value that begins with `*` or `&` needs quotes";
  }
  return "look at indentation, brackets and quotes here and in the line before";
}

}  // namespace

const YamlNode::Entry* YamlNode::find_entry(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  const Entry* entry = find_entry(key);
  return entry == nullptr || entry->value->is(Kind::Null) ? nullptr : entry->value.get();
}

YamlPointer parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const SourceText source(text, file);
  source.check_characters();
  TreeBuilder builder(source, diagnostics);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder second(source, diagnostics);
    if (builder.root() && parser.HandleNextDocument(second) && second.root()) {
      throw Error(ErrorKind::Spec, "the file holds more than one YAML document")
          .at(second.root()->location)
          .hint("keep one; several images from one file are `variants`");
    }
  } catch (const YAML::Exception& problem) {
    throw Error(ErrorKind::Spec, fmt::format("this is not valid YAML: {}", printable(problem.msg)))
        .at(source.place(problem.mark.line, problem.mark.column))
        .hint(hint_for_syntax(problem.msg));
  }
  return builder.root() ? builder.root() : std::make_shared<YamlNode>();
}

YamlPointer merge_yaml(const YamlPointer& base, const YamlPointer& override) {
  if (!base->is(YamlNode::Kind::Mapping) || !override->is(YamlNode::Kind::Mapping)) return override;
  auto merged = std::make_shared<YamlNode>(*base);
  for (const YamlNode::Entry& entry : override->entries) {
    const auto same = std::ranges::find(merged->entries, entry.key, &YamlNode::Entry::key);
    if (same == merged->entries.end()) {
      merged->entries.push_back(entry);
    } else {
      same->location = entry.location;
      same->value = merge_yaml(same->value, entry.value);
    }
  }
  return merged;
}

}  // namespace mlbuild::spec
