#include "../../src/spec/ignore_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/spec/spec_edits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::spec {
namespace {

/// Whether `path` is excluded by these lines.
bool excluded(const std::string& lines, const std::string& path) {
  return IgnoreFile::parse(lines, ".dockerignore").excludes(path);
}

// The examples are those of docker's documentation, "Build context", ".dockerignore files", "Matching" and "Negating
// matches".

TEST(IgnoreFile, StarStopsAtSlashes) {
  EXPECT_TRUE(excluded("*/temp*", "somedir/temporary.txt"));
  EXPECT_TRUE(excluded("*/temp*", "somedir/temp"));
  EXPECT_FALSE(excluded("*/temp*", "temp"));
  EXPECT_FALSE(excluded("*/temp*", "a/b/temp"));
  EXPECT_TRUE(excluded("*/*/temp*", "somedir/subdir/temporary.txt"));
}

TEST(IgnoreFile, QuestionMarkIsOneCharacter) {
  EXPECT_TRUE(excluded("temp?", "tempa"));
  EXPECT_TRUE(excluded("temp?", "tempb"));
  EXPECT_FALSE(excluded("temp?", "temp"));
  EXPECT_FALSE(excluded("temp?", "temp/"));
}

TEST(IgnoreFile, DoubleStarIsAnyNumberOfDirectories) {
  EXPECT_TRUE(excluded("**/*.go", "main.go"));
  EXPECT_TRUE(excluded("**/*.go", "a/b/c.go"));
  EXPECT_FALSE(excluded("**/*.go", "a/b/c.got"));
  EXPECT_TRUE(excluded("a/**/b", "a/b"));
  EXPECT_TRUE(excluded("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(excluded("a/**/b", "a/xb"));
  EXPECT_TRUE(excluded("a/**", "a/x/y"));
  EXPECT_FALSE(excluded("a/**", "a"));
  EXPECT_TRUE(excluded("**", "anything/at/all"));
  EXPECT_TRUE(excluded("**/__pycache__", "pipeline/__pycache__/x.pyc"));
}

TEST(IgnoreFile, PatternsAreRootedAndSlashesAtTheEndsMeanNothing) {
  EXPECT_TRUE(excluded("/foo/bar", "foo/bar"));
  EXPECT_TRUE(excluded("foo/bar/", "foo/bar"));
  EXPECT_FALSE(excluded("bar", "foo/bar"));
  EXPECT_TRUE(excluded("./foo//x/../bar", "foo/bar"));
}

TEST(IgnoreFile, WhatMatchesADirectoryMatchesAllBelow) {
  EXPECT_TRUE(excluded("data", "data/2024/x.csv"));
  EXPECT_FALSE(excluded("data", "database"));
}

TEST(IgnorePattern, MeansThePathThatItIsMadeOf) {
  for (const std::string path : {"a/b.csv", "#1", "!x", "[a-z]*?.csv", "a\\b", " a ", "a]b", "data/#1 !.csv", "..."}) {
    EXPECT_TRUE(excluded(ignore_pattern(path) + "\n", path)) << path;
  }
  EXPECT_FALSE(excluded(ignore_pattern("[ab]*.csv"), "a1.csv"));
  EXPECT_EQ(ignore_pattern("data/a b.csv"), "data/a b.csv");
}

TEST(IgnoreFile, CommentsAndEmptyLinesAreSkippedButNotAfterBlanks) {
  EXPECT_FALSE(excluded("# *\n\n   \n", "x"));
  EXPECT_TRUE(excluded(" #x", "#x"));
  EXPECT_TRUE(excluded("  x  \r\n", "x"));
}

TEST(IgnoreFile, ExceptionsTakeBackWhatEarlierLinesExcluded) {
  EXPECT_TRUE(excluded("*.md\n!README.md", "notes.md"));
  EXPECT_FALSE(excluded("*.md\n!README.md", "README.md"));
  EXPECT_FALSE(excluded("data\n!data/keep.csv", "data/keep.csv"));
  EXPECT_TRUE(IgnoreFile::parse("a\n!b", "x").has_exceptions());
}

TEST(IgnoreFile, TheLastLineThatMatchesDecides) {
  EXPECT_TRUE(excluded("*.md\n!README*.md\nREADME-secret.md", "README-secret.md"));
  EXPECT_FALSE(excluded("*.md\nREADME-secret.md\n!README*.md", "README-secret.md"));
}

TEST(IgnoreFile, ClassesAndEscapesAreThoseOfGo) {
  EXPECT_TRUE(excluded("[a-c]x", "bx"));
  EXPECT_FALSE(excluded("[^a-c]x", "bx"));
  EXPECT_FALSE(excluded("a[^b]c", "a/c"));
  EXPECT_TRUE(excluded("\\*", "*"));
  EXPECT_FALSE(excluded("\\*", "x"));
  EXPECT_TRUE(excluded("[\\]]", "]"));
}

TEST(IgnoreFile, TheDirectoryItselfIsNeverExcluded) {
  EXPECT_FALSE(excluded(".", "x"));
  EXPECT_FALSE(excluded("/", "x"));
}

TEST(IgnoreFile, MalformedPatternsNameTheirLine) {
  for (const std::string bad : {"[", "[]a]", "[a", "a\\", "[-x]", "!", "! "}) {
    try {
      IgnoreFile::parse("ok\n" + bad + "\n", "d/.dockerignore");
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.location().line, 2U) << bad;
      EXPECT_EQ(error.location().file, "d/.dockerignore");
    }
  }
}

TEST(IgnoreFile, ManyStarsTakeNoTime) {
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "*a**/";
  EXPECT_FALSE(excluded(stars + "b", std::string(2000, 'a')));
}

/// The rules once more, by trying everything: only for short patterns.
bool fits(std::string_view pattern, std::string_view path, bool at_start = true) {
  if (pattern.empty()) return path.empty();
  const char first = pattern.front();
  if (pattern.starts_with("**")) {
    pattern.remove_prefix(std::min(pattern.find_first_not_of('*'), pattern.size()));
    const bool slash = pattern.starts_with('/');
    if (slash) pattern.remove_prefix(1);
    if (pattern.empty()) return true;
    const bool any_end = at_start && !slash && pattern.find_first_of("*?[\\") == std::string_view::npos;
    if (fits(pattern, path, false)) return true;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if ((any_end || path[i] == '/') && fits(pattern, path.substr(i + 1), false)) return true;
    }
    return false;
  }
  if (first == '*' && fits(pattern.substr(1), path, false)) return true;
  if (path.empty()) return false;
  const bool in_name = path.front() != '/';
  if (first == '*') return in_name && fits(pattern, path.substr(1), at_start);
  if (first == '[')
    return in_name && path.front() <= 'b' && path.front() >= 'a' && fits(pattern.substr(5), path.substr(1), false);
  if (first == '?' ? !in_name : first != path.front()) return false;
  return fits(pattern.substr(1), path.substr(1), false);
}

bool fits_or_a_parent_does(const std::string& pattern, const std::string& path) {
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (fits(pattern, path.substr(0, end))) return true;
  }
  return fits(pattern, path);
}

std::string made_of(const std::vector<std::string>& pieces, std::mt19937& random) {
  std::string text;
  for (std::size_t left = 1 + random() % 6; left > 0; --left) text += pieces[random() % pieces.size()];
  return text;
}

TEST(IgnoreFile, AnyPatternMeansWhatTryingEverythingSays) {
  std::mt19937 random(7);
  std::size_t excluded_count = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern =
        made_of({"a", "b", "ab", "/a", "/b", "*", "**", "**/", "/**", "?", "[a-b]", "*.b", ".a"}, random);
    if (pattern.starts_with('/') || pattern.ends_with('/') || pattern.find("//") != std::string::npos) continue;
    const IgnoreFile file = IgnoreFile::parse(pattern, ".dockerignore");
    for (int j = 0; j < 4; ++j) {
      const std::string path = "a" + made_of({"a", "b", "/a", "/b", "/ab", ".b"}, random);
      EXPECT_EQ(file.excludes(path), fits_or_a_parent_does(pattern, path)) << pattern << " on " << path;
      excluded_count += file.excludes(path) ? 1 : 0;
    }
  }
  EXPECT_GT(excluded_count, 1000U);
}

// Each parent on its own, and each to its end, would be 1e12 steps.
TEST(IgnoreFile, DeepPathsAndManyPatternsTakeNoTime) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "name" + std::to_string(i);
    lines += name + "\n**/" + name + "\n" + name + "*/x\n*." + name + "\n";
  }
  const IgnoreFile file = IgnoreFile::parse(lines, ".dockerignore");
  std::string path = "d";
  while (path.size() < 16'000) path += "/d";
  EXPECT_FALSE(file.excludes(path + "/name"));
  EXPECT_TRUE(file.excludes(path + "/name7"));
}

}  // namespace
}  // namespace mlbuild::spec
