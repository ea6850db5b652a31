#include "mlbuild/audit/text_edits.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TextEdit edit(TextEdit::Kind kind, unsigned line, unsigned column, std::string before, std::string after = "") {
  return {kind, {"f", line, column, 0}, std::move(before), std::move(after)};
}
constexpr auto kRemove = TextEdit::Kind::Remove;
constexpr auto kReplace = TextEdit::Kind::Replace;

TEST(ApplyEdits, KeepCommentsAndLayout) {
  const std::string text = "runtime:\n  - mlflow==2.9   # why\n  - \"jupyterlab\"   # for me\n\n  - numpy\n";
  EXPECT_EQ(
      apply_edits(text, {edit(kReplace, 2, 5, "mlflow", "mlflow-skinny"), edit(kRemove, 3, 6, "jupyterlab")}).text,
      "runtime:\n  - mlflow-skinny==2.9   # why\n\n  - numpy\n");
}

TEST(ApplyEdits, AnItemInBracketsLeavesTheOthers) {
  EXPECT_EQ(
      apply_edits("runtime: [gcc, 'g++', libgomp1]  # x\n", {edit(kRemove, 1, 11, "gcc"), edit(kRemove, 1, 17, "g++")})
          .text,
      "runtime: [libgomp1]  # x\n");
  EXPECT_EQ(apply_edits("runtime: [libgomp1, gcc]", {edit(kRemove, 1, 21, "gcc")}).text, "runtime: [libgomp1]");
}

TEST(ApplyEdits, AListOverSeveralLinesLosesTheItemAlone) {
  EXPECT_EQ(apply_edits("runtime: [numpy==1.26.4,\n          pytest==8.2.0, pandas==2.2.1]\n",
                        {edit(kRemove, 2, 11, "pytest==8.2.0")})
                .text,
            "runtime: [numpy==1.26.4,\n          pandas==2.2.1]\n");
  EXPECT_EQ(apply_edits("runtime: [numpy,\n  \"gcc\"]\n", {edit(kRemove, 2, 3, "gcc")}).text,
            "runtime: [numpy,\n  ]\n");
  EXPECT_EQ(apply_edits("runtime: [gcc,  # why\n  numpy]\n", {edit(kRemove, 1, 11, "gcc")}).text,
            "runtime: [  # why\n  numpy]\n");
  EXPECT_EQ(apply_edits("[\n  gcc,  # why\n  g++\n]\n", {edit(kRemove, 2, 3, "gcc"), edit(kRemove, 3, 3, "g++")}).text,
            "[\n]\n");
}

TEST(ApplyEdits, ARequirementGoesWithItsContinuationLines) {
  EXPECT_EQ(apply_edits("a==1\nb==2 \\\n  --hash=sha256:00\nc==3\n", {edit(kRemove, 2, 1, "b==2")}).text,
            "a==1\nc==3\n");
  EXPECT_EQ(apply_edits("a==1\nb==2 ; os_name == 'nt' --hash=sha256:00\n", {edit(kRemove, 2, 1, "b==2")}).text,
            "a==1\n");
}

TEST(ApplyEdits, WordsAreChangedOnce) {
  const EditedText edited =
      apply_edits("opencv-python\n", {edit(kReplace, 1, 1, "opencv-python", "opencv-python-headless"),
                                      edit(kReplace, 1, 1, "opencv-python", "opencv-python==4")});
  EXPECT_EQ(edited.text, "opencv-python-headless\n");
  EXPECT_EQ(edited.left.size(), 1U);
}

TEST(ApplyEdits, WhatIsNotThereIsLeft) {
  const EditedText edited = apply_edits("a\n", {edit(kReplace, 1, 1, "b", "c"), edit(kRemove, 9, 1, "a")});
  EXPECT_EQ(edited.text, "a\n");
  EXPECT_EQ(edited.left.size(), 2U);
}

TEST(ApplyEdits, ALineIsAppendedOnce) {
  const TextEdit line{TextEdit::Kind::Append, {"f", 0, 0, 0}, "", ".git"};
  EXPECT_EQ(apply_edits("a", {line}).text, "a\n.git\n");
  EXPECT_EQ(apply_edits(".git\n", {line}).text, ".git\n");
  EXPECT_EQ(apply_edits("", {line}).text, ".git\n");
}

TEST(DiffLines, ShowsOnlyWhatDiffers) {
  EXPECT_EQ(diff_lines("f", "a\nb\nc\n", "a\nB\nc\n"), "--- f\n+++ f\n@@ -2,1 +2,1 @@\n-b\n+B\n");
  EXPECT_EQ(diff_lines("f", "a\n", "a\n"), "");
}

}  // namespace
}  // namespace mlbuild
