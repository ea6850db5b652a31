#include "../../src/spec/yaml_tree.hpp"

#include "spec_text.hpp"

#include <gtest/gtest.h>

namespace mlbuild::spec {
namespace {

YamlPointer parse_good(const std::string& text) {
  Diagnostics diagnostics;
  YamlPointer tree = parse_yaml(text, "x.yaml", diagnostics);
  diagnostics.throw_if_any();
  return tree;
}

/// "LINE: message" of the error that parsing throws.
std::string refusal(const std::string& text) {
  try {
    parse_good(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Spec);
    EXPECT_FALSE(error.hint_text().empty());
    return std::to_string(error.location().line) + ": " + error.message();
  }
  return "accepted";
}

TEST(YamlTree, ScalarsStayAsWritten) {
  const YamlPointer tree = parse_good("a: 3.10\nb: 0x1F\nc: \"yes\"\nd: no\n");
  EXPECT_EQ(tree->find("a")->text, "3.10");
  EXPECT_EQ(tree->find("b")->text, "0x1F");
  EXPECT_TRUE(tree->find("c")->quoted);
  EXPECT_FALSE(tree->find("d")->quoted);
}

TEST(YamlTree, EveryScalarKnowsItsPlaceAndLength) {
  const YamlPointer tree = parse_good("list:\n  - torch==2.3.1  # why\n  - 'it''s'\nmap: {key: \"v a\"}\n");
  const YamlNode& list = *tree->find("list");
  EXPECT_EQ(list.items[0]->location, (Location{"x.yaml", 2, 5, 12}));
  EXPECT_EQ(list.items[1]->location, (Location{"x.yaml", 3, 5, 7}));
  EXPECT_EQ(tree->find("map")->find("key")->location, (Location{"x.yaml", 4, 12, 5}));
  EXPECT_EQ(tree->find_entry("map")->location, (Location{"x.yaml", 4, 1, 3}));
}

TEST(YamlTree, NullIsAbsentButAnEmptyStringIsNot) {
  const YamlPointer tree = parse_good("a:\nb: ~\nc: \"\"\n");
  EXPECT_EQ(tree->find("a"), nullptr);
  EXPECT_EQ(tree->find("b"), nullptr);
  ASSERT_NE(tree->find("c"), nullptr);
}

TEST(YamlTree, AKeyGivenTwiceIsAMistakeAndTheFirstCounts) {
  Diagnostics diagnostics;
  const YamlPointer tree = parse_yaml("a: 1\nb: 2\na: 3\n", "x.yaml", diagnostics);
  ASSERT_EQ(diagnostics.errors().size(), 1U);
  EXPECT_EQ(diagnostics.errors()[0].location().line, 3U);
  EXPECT_EQ(tree->find("a")->text, "1");
}

TEST(YamlTree, AnchorsAndAliasesWork) {
  const YamlPointer tree = parse_good("a: &common [x, y]\nb: *common\n");
  EXPECT_EQ(tree->find("b")->items.size(), 2U);
}

TEST(YamlTree, AliasesThatExplodeAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_EQ(refusal(text), "5: the spec has more than 20000 values");
}

TEST(YamlTree, AnAliasInsideItsOwnAnchorIsRefused) {
  EXPECT_EQ(refusal("a: &a [x, *a]\n"), "1: this alias stands inside the value it names");
}

TEST(YamlTree, DeepNestingIsRefused) {
  EXPECT_EQ(refusal(std::string(100'000, '[')), "1: values are nested deeper than 32 levels");
  EXPECT_EQ(refusal("a: " + std::string(100'000, '{')), "1: values are nested deeper than 32 levels");
  std::string block;
  for (std::size_t i = 0; i < 200; ++i) block += std::string(i, ' ') + "k:\n";
  EXPECT_EQ(refusal(block), "33: values are nested deeper than 32 levels");
}

TEST(YamlTree, AliasesCannotNestDeeperEither) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i)
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(refusal(text), "31: values are nested deeper than 32 levels");
}

TEST(YamlTree, SyntaxErrorsNameTheLine) {
  EXPECT_EQ(refusal("a: 1\nb: [1, 2\nc: 3\n").substr(0, 3), "3: ");
  EXPECT_EQ(refusal("a: 'it''s open\nb: 1\n"), "1: this is not valid YAML: the quote is never closed");
  EXPECT_EQ(refusal("a:\n\t- b\n").substr(0, 26), "2: this is not valid YAML:");
  EXPECT_EQ(refusal("a: *unknown\n").substr(0, 26), "1: this is not valid YAML:");
}

TEST(YamlTree, WhatEditorsDoNotShowIsRefused) {
  EXPECT_EQ(refusal("a: 1\nb: \xFF\n"), "2: this line holds bytes that are not UTF-8");
  EXPECT_EQ(refusal(std::string("a: x\0y\n", 7)), "1: this line holds a control character");
  EXPECT_EQ(refusal("a: \xE2\x80\xAEx\n"),
            "1: this line holds an invisible character that changes the direction of text");
}

TEST(YamlTree, OnlyOneDocumentIsRead) {
  EXPECT_EQ(refusal("---\na: 1\n---\nb: 2\n"), "4: the file holds more than one YAML document");
  EXPECT_EQ(refusal("---\na: 1\n...\n"), "accepted");
}

TEST(YamlTree, TagsAndKeysThatAreNoWordsAreRefused) {
  EXPECT_EQ(refusal("a: !!python/object x\n"), "1: the YAML tag `tag:yaml.org,2002:python/object` has no meaning here");
  EXPECT_EQ(refusal("? [a, b]\n: c\n"), "1: a key must be a word");
}

TEST(YamlTree, AByteOrderMarkAndWindowsLineEndsAreFine) {
  EXPECT_EQ(parse_good("\xEF\xBB\xBF"
                       "a: 1\r\nb: 2\r\n")
                ->find("b")
                ->text,
            "2");
}

TEST(MergeYaml, MappingsMergeAndEverythingElseIsReplaced) {
  const YamlPointer base = parse_good("config: {user: app, cmd: [a, b]}\nname: x\n");
  const YamlPointer merged = merge_yaml(base, parse_good("config: {cmd: [c], workdir: /app}\n"));
  EXPECT_EQ(merged->find("name")->text, "x");
  EXPECT_EQ(merged->find("config")->find("user")->text, "app");
  EXPECT_EQ(merged->find("config")->find("workdir")->text, "/app");
  ASSERT_EQ(merged->find("config")->find("cmd")->items.size(), 1U);
  EXPECT_EQ(base->find("config")->find("cmd")->items.size(), 2U);
}

}  // namespace
}  // namespace mlbuild::spec
