#include "../../src/run/import_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kGood = "\n\x1emlbuild-import {\"module\": \"json\"}\n";

TEST(ImportCheck, WhatModulesPrintIsPassedOver) {
  EXPECT_THAT(read_import_results(std::string("hello\nno end") + kGood + "bye", {"json"}), IsEmpty());
}

TEST(ImportCheck, AModuleThatEndsTheInterpreterIsTheFirstWithoutAnAnswer) {
  const auto failed = read_import_results(kGood, {"json", "crashes", "never_reached"});
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed[0].module, "crashes");
  EXPECT_EQ(failed[0].traceback, "");
}

TEST(ImportCheck, TheTracebackHasTheModulesFramesOnly) {
  const auto failed = read_import_results(
      "\x1emlbuild-import {\"module\": \"a\", \"traceback\": \"Traceback (most recent call last):\\n"
      "  File \\\"<string>\\\", line 7, in <module>\\n"
      "  File \\\"/usr/lib/python3.11/importlib/__init__.py\\\", line 126, in import_module\\n    return x\\n"
      "  File \\\"<frozen importlib._bootstrap>\\\", line 1204, in _gcd_import\\n"
      "  File \\\"/app/a.py\\\", line 1, in <module>\\n    import b\\n"
      "ModuleNotFoundError: No module named 'b'\\n\"}\n",
      {"a"});
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed[0].traceback,
            "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in <module>\n    import b\n"
            "ModuleNotFoundError: No module named 'b'");
  EXPECT_EQ(last_file(failed[0].traceback), "/app/a.py");
}

TEST(ImportCheck, LyingOutputIsNoAnswer) {
  for (const char* line : {"\x1emlbuild-import {\"module\": 1}", "\x1emlbuild-import [", "\x1emlbuild-import null"}) {
    EXPECT_THAT(read_import_results(line, {"a"}), SizeIs(1)) << line;
  }
  EXPECT_EQ(last_file("no file at all"), "");
  EXPECT_EQ(last_file("  File \"<string>\", line 1"), "");
}

}  // namespace
}  // namespace mlbuild
