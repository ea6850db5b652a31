#include "../../src/spec/ignore_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/spec/spec_edits.hpp"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace mlbuild::spec
