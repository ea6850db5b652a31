#include "mlbuild/base/error.hpp"
#include "mlbuild/python/wheel.hpp"

#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

TEST(EntryPoints, ReadsScriptSectionsOnly) {
  const auto entries = parse_entry_points(
      "# comment\n[console_scripts]\r\n; more\nrun = toy.cli:app.main\nOther-Run=toy:run [extra]\n\n[ gui_scripts "
      "]\nshow = toy:show\n"
      "[pytest11]\nplugin = toy.plugin\n");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "run");
  EXPECT_EQ(entries[0].module, "toy.cli");
  EXPECT_EQ(entries[0].attribute, "app.main");
  EXPECT_EQ(entries[1].name, "Other-Run");
  EXPECT_EQ(entries[1].attribute, "run");
  EXPECT_TRUE(entries[2].gui);
}

TEST(EntryPoints, RefusesWhatWouldEscapeOrInject) {
  for (const char* entry :
       {"../x = a:b", "x/y = a:b", ". = a:b", "x = a", "x = a:", "x = :b", "x = a:b()", "x = a;import os:b",
        "x = a:b\x01", "x", "= a:b", "x = a:b.", "x = 1a:b", "x = a b:c", "x = a:b:c"}) {
    EXPECT_THROW(parse_entry_points(std::string("[console_scripts]\n") + entry), Error) << entry;
  }
  EXPECT_THROW(parse_entry_points("[console_scripts\nx = a:b"), Error);
}

TEST(EntryPoints, LaterEntryOfOneNameCounts) {
  const auto entries = parse_entry_points("[console_scripts]\nx = a:b\ny = a:y\nx = c:d\n");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].module, "c");
}

TEST(EntryPoints, WrapperImportsTheFirstNameAndCallsTheWhole) {
  EXPECT_EQ(entry_point_script({"run", "toy.cli", "app.main", false}, "/usr/local/bin/python"),
            "#!/usr/local/bin/python\nimport sys\n\nfrom toy.cli import app\n\nif __name__ == \"__main__\":\n    "
            "sys.exit(app.main())\n");
}

TEST(Shebang, OnlyPythonLinesAreReplaced) {
  const auto rewrite = [](std::string_view script) { return rewrite_shebang(script, "/bin/py"); };
  EXPECT_EQ(rewrite("#!python -O\nx\r\n"), "#!/bin/py\nx\r\n");
  EXPECT_EQ(rewrite("#!pythonw\r\nx"), "#!/bin/py\nx");
  EXPECT_EQ(rewrite("#!python"), "#!/bin/py\n");
  for (const char* script : {"", "#!/usr/bin/python\n", "#!/usr/bin/env python\n", "x\n#!python\n",
                             "\x7f"
                             "ELF"})
    EXPECT_FALSE(rewrite(script)) << script;
}

}  // namespace
}  // namespace mlbuild::python
