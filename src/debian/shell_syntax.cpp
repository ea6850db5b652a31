#include "shell_syntax.hpp"

#include "shell_words.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild::debian {
namespace {

class Parser {
 public:
  Parser(std::string_view script, std::size_t& nodes_left) : script_(script), nodes_left_(nodes_left) {}

  ShellList parse() {
    ShellList list = parse_list({});
    if (!at_end()) refuse_shell(script_, at_, fmt::format("`{}` is out of place", printable(peek_word())));
    return list;
  }

 private:
  using Words = std::vector<std::string_view>;

  bool at_end() {
    skip_blanks();
    return at_ >= script_.size();
  }

  /// Blanks, continued lines and comments; not newlines.
  void skip_blanks() {
    while (at_ < script_.size()) {
      if (script_[at_] == ' ' || script_[at_] == '\t' || script_[at_] == '\r') {
        ++at_;
      } else if (script_.substr(at_, 2) == "\\\n") {
        at_ += 2;
      } else if (script_[at_] == '#') {
        at_ = std::min(script_.find('\n', at_), script_.size());
      } else {
        return;
      }
    }
  }

  bool take(std::string_view text) {
    skip_blanks();
    if (!script_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  bool take_newline() {
    if (!take("\n")) return false;
    for (const auto& [delimiter, strip_tabs] : here_documents_) skip_here_document(delimiter, strip_tabs);
    here_documents_.clear();
    return true;
  }

  void skip_newlines() {
    while (take_newline()) {
    }
  }

  /// Ends of commands in a list: newline, `;`, never `;;` or `&`.
  void skip_separators() {
    for (;;) {
      skip_blanks();
      const auto rest = script_.substr(at_);
      if (rest.starts_with(';') && !rest.starts_with(";;")) {
        ++at_;
      } else if (!take_newline()) {
        return;
      }
    }
  }

  std::string_view peek_word() {
    skip_blanks();
    if (at_ >= script_.size() || ends_shell_word(script_[at_])) return {};
    return script_.substr(at_, skip_shell_word(script_, at_) - at_);
  }

  bool peek_reserved(const Words& words) {
    const auto word = peek_word();
    return !word.empty() && std::find(words.begin(), words.end(), word) != words.end();
  }

  void expect_reserved(std::string_view word) {
    skip_separators();
    if (peek_word() != word) refuse_shell(script_, at_, fmt::format("`{}` is missing", word));
    at_ += word.size();
  }

  void skip_here_document(std::string_view delimiter, bool strip_tabs) {
    const bool quoted = delimiter.find_first_of("'\"\\") != std::string_view::npos;
    std::string plain(delimiter);
    std::erase_if(plain, [](char c) { return c == '\'' || c == '"' || c == '\\'; });
    while (at_ < script_.size()) {
      const auto end = std::min(script_.find('\n', at_), script_.size());
      std::string_view line = script_.substr(at_, end - at_);
      at_ = std::min(end + 1, script_.size());
      if (strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      if (line == plain) return;
      const bool runs = line.find("$(") != std::string_view::npos || line.find('`') != std::string_view::npos;
      if (!quoted && runs) refuse_shell(script_, at_, "here-document that runs commands");
    }
    refuse_shell(script_, at_, "here-document without end");
  }

  std::unique_ptr<ShellNode> make_node(ShellNode::Kind kind) {
    if (nodes_left_ == 0) refuse_shell(script_, at_, "too many commands");
    --nodes_left_;
    auto node = std::make_unique<ShellNode>();
    node->kind = kind;
    return node;
  }

  ShellList parse_list(const Words& ends) {
    if (++depth_ > kShellDepthLimit) refuse_shell(script_, at_, "too deeply nested");
    ShellList list;
    for (skip_separators(); !at_end(); skip_separators()) {
      const auto rest = script_.substr(at_);
      if (rest.starts_with(')') || rest.starts_with(";;") || peek_reserved(ends)) break;
      list.push_back(parse_and_or());
      skip_blanks();
      if (at_ < script_.size() && script_[at_] == '&') refuse_shell(script_, at_, "background job");
    }
    --depth_;
    return list;
  }

  std::unique_ptr<ShellNode> parse_and_or() {
    auto node = make_node(ShellNode::Kind::AndOr);
    node->parts.push_back(parse_pipeline());
    for (;;) {
      const char* operation = take("&&") ? "&&" : take("||") ? "||" : nullptr;
      if (operation == nullptr) return node;
      node->operations.emplace_back(operation);
      skip_newlines();
      node->parts.push_back(parse_pipeline());
    }
  }

  std::unique_ptr<ShellNode> parse_pipeline() {
    auto node = make_node(ShellNode::Kind::Pipeline);
    while (peek_word() == "!") {
      ++at_;
      node->negated = !node->negated;
    }
    for (;;) {
      node->parts.push_back(parse_command());
      skip_blanks();
      if (script_.substr(at_).starts_with("||") || !take("|")) return node;
      skip_newlines();
    }
  }

  std::unique_ptr<ShellNode> parse_command() {
    auto node = parse_compound();
    if (node == nullptr) return parse_simple();
    while (take_redirect(*node)) {
    }
    return node;
  }

  std::unique_ptr<ShellNode> parse_compound() {
    skip_blanks();
    if (auto group = parse_group()) return group;
    const auto word = peek_word();
    if (word == "if") return parse_if();
    if (word == "case") return parse_case();
    if (word == "while" || word == "until" || word == "for") return parse_loop();
    if (!word.empty() && script_.substr(std::min(script_.find_first_not_of(" \t", at_ + word.size()), script_.size()))
                             .starts_with("()")) {
      return parse_function(word);
    }
    return nullptr;
  }

  /// Of parentheses or braces; nullptr for anything else.
  std::unique_ptr<ShellNode> parse_group() {
    const bool is_subshell = take("(");
    if (!is_subshell && peek_word() != "{") return nullptr;
    if (!is_subshell) ++at_;
    auto node = make_node(ShellNode::Kind::Group);
    node->parts = parse_list({"}"});
    skip_separators();
    const std::string_view end = is_subshell ? ")" : "}";
    if (!take(end)) refuse_shell(script_, at_, fmt::format("`{}` is missing", end));
    node->is_subshell = is_subshell;
    return node;
  }

  std::unique_ptr<ShellNode> parse_function(std::string_view name) {
    auto node = make_node(ShellNode::Kind::Function);
    node->words.emplace_back(name);
    at_ += name.size();
    take("()");
    skip_newlines();
    auto body = parse_group();
    if (body == nullptr) refuse_shell(script_, at_, "function without body");
    node->parts = std::move(body->parts);
    return node;
  }

  std::unique_ptr<ShellNode> parse_if() {
    auto node = make_node(ShellNode::Kind::If);
    at_ += 2;
    for (;;) {
      ShellList condition = parse_list({"then"});
      expect_reserved("then");
      ShellList body = parse_list({"elif", "else", "fi"});
      node->branches.emplace_back(std::move(condition), std::move(body));
      skip_separators();
      if (peek_word() != "elif") break;
      at_ += 4;
    }
    if (peek_word() == "else") {
      at_ += 4;
      node->otherwise = parse_list({"fi"});
    }
    expect_reserved("fi");
    return node;
  }

  std::unique_ptr<ShellNode> parse_loop() {
    auto node = make_node(ShellNode::Kind::Loop);
    const auto word = peek_word();
    at_ += word.size();
    ShellList condition;
    if (word == "for") {
      take_word(node->words);
      skip_newlines();
      std::vector<std::string> ignored;
      if (peek_word() == "in") {
        at_ += 2;
        while (!peek_word().empty()) take_word(node->words);
      }
    } else {
      condition = parse_list({"do"});
    }
    expect_reserved("do");
    node->parts = parse_list({"done"});
    expect_reserved("done");
    node->branches.emplace_back(std::move(condition), ShellList());
    return node;
  }

  std::unique_ptr<ShellNode> parse_case() {
    auto node = make_node(ShellNode::Kind::Case);
    at_ += 4;
    take_word(node->words);
    skip_newlines();
    expect_reserved("in");
    for (skip_newlines(); peek_word() != "esac"; skip_newlines()) {
      take("(");
      std::vector<std::string> patterns;
      do {
        take_word(patterns);
      } while (take("|"));
      if (!take(")")) refuse_shell(script_, at_, "`)` is missing");
      ShellList body = parse_list({"esac"});
      node->arms.emplace_back(std::move(patterns), std::move(body));
      skip_separators();
      if (!take(";;") && peek_word() != "esac") refuse_shell(script_, at_, "`;;` is missing");
    }
    expect_reserved("esac");
    return node;
  }

  std::unique_ptr<ShellNode> parse_simple() {
    auto node = make_node(ShellNode::Kind::Command);
    for (;;) {
      if (take_redirect(*node)) continue;
      if (peek_word().empty()) break;
      take_word(node->words);
    }
    if (node->words.empty() && node->redirects.empty()) refuse_shell(script_, at_, "a command is missing");
    return node;
  }

  void take_word(std::vector<std::string>& words) {
    const auto word = peek_word();
    if (word.empty()) refuse_shell(script_, at_, "a word is missing");
    words.emplace_back(word);
    at_ += word.size();
  }

  bool take_redirect(ShellNode& node) {
    skip_blanks();
    std::size_t begin = at_;
    while (begin < script_.size() && script_[begin] >= '0' && script_[begin] <= '9') ++begin;
    if (begin >= script_.size() || (script_[begin] != '<' && script_[begin] != '>')) return false;
    at_ = begin;
    constexpr std::array<std::string_view, 9> kOperations = {"<<-", "<<", ">>", "<&", ">&", "<>", ">|", "<", ">"};
    for (const std::string_view operation : kOperations) {
      if (!take(operation)) continue;
      std::vector<std::string> target;
      take_word(target);
      node.redirects.push_back({std::string(operation), target.front()});
      if (operation.starts_with("<<")) here_documents_.emplace_back(target.front(), operation == "<<-");
      return true;
    }
    return false;
  }

  std::string_view script_;
  std::size_t& nodes_left_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<std::pair<std::string, bool>> here_documents_;
};

}  // namespace

ShellList parse_shell(std::string_view script, std::size_t& nodes_left) { return Parser(script, nodes_left).parse(); }

}  // namespace mlbuild::debian
