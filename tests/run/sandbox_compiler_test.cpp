// The compiler of bytecode with the host's Python in place of the sandbox, which has its tests in tests/sandbox. What
// the image's interpreter makes of real wheels is in tests/cli/bytecode_test.py.

#include "sandbox_compiler.hpp"

#include "support/host_python.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

namespace mlbuild {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// The first interpreter is killed when it has compiled a file.
class DyingPython final : public test::HostPython {
 public:
  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
    if (runs++ > 0) return HostPython::run(job, cancellation);
    const std::string two_records_and_a_half(
        "\4\0\0\0\xa7\r\r\n"
        "\3\0\0\0pyc"
        "\11\0\0\0p",
        20);
    write_file_atomically(job.mounts.at(1).host / "compiled", two_records_and_a_half);
    SandboxOutcome outcome;
    outcome.end = SandboxOutcome::End::Signaled;
    outcome.code = 11;
    return outcome;
  }
  std::atomic<int> runs = 0;
};

/// Counts interpreters.
class CountingPython final : public test::HostPython {
 public:
  explicit CountingPython(SandboxLevel level) : level_(level) {}
  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
    ++runs;
    ++running;
    SandboxOutcome outcome = HostPython::run(job, cancellation);
    --running;
    return outcome;
  }
  SandboxLevel level() override { return level_; }
  std::atomic<int> runs = 0, running = 0;

 private:
  SandboxLevel level_;
};

/// Claims that the first file's bytecode is as large as a file with a hole may be.
class BoastingPython final : public test::HostPython {
 public:
  SandboxOutcome run(const SandboxJob& job, const Cancellation&) override {
    constexpr std::uintmax_t kClaimed = 0x40000000;
    const std::filesystem::path made = job.mounts.at(1).host / "compiled";
    const std::string until_there(
        "\4\0\0\0\xa7\r\r\n"
        "\0\0\0\x40",
        12);
    write_file_atomically(made, until_there);
    std::filesystem::resize_file(made, until_there.size() + kClaimed);
    std::ofstream(made, std::ios::app) << std::string("\3\0\0\0pyc", 7);
    return {};
  }
};

struct SandboxCompilerTest : ::testing::Test {
  SandboxCompiler on_host(Sandbox& sandbox, std::size_t threads) {
    return {[] { return InterpreterPlace{{}, "/usr/bin/python3"}; }, directory.path(), threads, sandbox, never};
  }
  /// Index -> the bytecode, "" for what does not compile.
  std::map<std::size_t, std::string> compile(const std::vector<std::pair<std::string, std::string>>& files,
                                             Sandbox& sandbox) {
    SandboxCompiler compiler = on_host(sandbox, 2);
    return compile(files, compiler);
  }
  std::map<std::size_t, std::string> compile(const std::vector<std::pair<std::string, std::string>>& files,
                                             SandboxCompiler& compiler) {
    PythonSources sources;
    for (const auto& [path, text] : files) sources.files.push_back({path, text.size()});
    sources.read = [&](std::size_t i) {
      const ByteSpan bytes = as_bytes(files.at(i).second);
      return Bytes(bytes.begin(), bytes.end());
    };
    std::map<std::size_t, std::string> made;
    compiler.compile(sources, [&](std::size_t i, std::optional<ByteSpan> pyc) {
      EXPECT_TRUE(made.emplace(i, pyc ? as_text(*pyc) : "").second) << "told twice of " << i;
    });
    return made;
  }
  std::map<std::size_t, std::string> compile(const std::vector<std::pair<std::string, std::string>>& files) {
    return compile(files, python);
  }

  TempDir directory;
  test::HostPython python;
  const Cancellation never{};
};

TEST_F(SandboxCompilerTest, CompilesEachFileUnderItsPathInTheImage) {
  const auto made = compile({{"usr/lib/a.py", "x = 'one of a'\n"}, {"usr/lib/b.py", "x = 'one of b'\n"}});
  ASSERT_EQ(made.size(), 2U);
  EXPECT_THAT(made.at(0), HasSubstr("one of a"));
  EXPECT_THAT(made.at(0), HasSubstr("/usr/lib/a.py"));
  EXPECT_THAT(made.at(1), HasSubstr("/usr/lib/b.py"));
  EXPECT_EQ(made.at(0).substr(4, 4), std::string("\1\0\0\0", 4)) << "hash-based, unchecked";
}

TEST_F(SandboxCompilerTest, WhatIsNoSourceOfThisPythonHasNoBytecode) {
  const auto made = compile({{"a.py", "print 'two'\n"},
                             {"b.py", std::string("x = 1\0", 6)},
                             {"c.py", "# coding: no-such-encoding\n"},
                             {"d.py", std::string(100000, '(')},
                             {"e.py", "good = 1\n"},
                             {"f.py", ""}});
  for (const std::size_t bad : {0U, 1U, 2U, 3U}) EXPECT_EQ(made.at(bad), "") << bad;
  for (const std::size_t good : {4U, 5U}) EXPECT_NE(made.at(good), "") << good;
}

TEST_F(SandboxCompilerTest, WarningsOfTheSourcesSayNothing) {
  EXPECT_NE(compile({{"a.py", "x = '\\d'\ny = x is 'a'\n"}}).at(0), "");
}

TEST_F(SandboxCompilerTest, LargeLayersAreDividedAmongInterpreters) {
  const std::string comment = "#" + std::string(std::size_t{5} << 20U, 'x') + "\n";
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 5; ++i)
    files.emplace_back(std::to_string(i) + ".py", comment + "x" + std::to_string(i) + " = 1\n");
  const auto made = compile(files);
  ASSERT_EQ(made.size(), 5U);
  for (const auto& [index, pyc] : made) EXPECT_THAT(pyc, HasSubstr("x" + std::to_string(index)));
}

TEST_F(SandboxCompilerTest, LayersShareAnInterpreter) {
  CountingPython counting(SandboxLevel::L0);
  {
    SandboxCompiler compiler = on_host(counting, 1);
    for (const std::string name : {"a", "b", "c"}) {
      const auto made = compile({{name + ".py", "x = 'text of " + name + "'\n"}, {"bad.py", "(\n"}}, compiler);
      EXPECT_THAT(made.at(0), HasSubstr("text of " + name));
      EXPECT_EQ(made.at(1), "");
    }
  }
  EXPECT_EQ(counting.runs, 1);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "what it left goes with the compiler";
}

TEST_F(SandboxCompilerTest, NoInterpreterOutlivesTheEndOfAllThoughTheCompilerDoes) {
  CountingPython counting(SandboxLevel::L0);
  SandboxCompiler compiler = on_host(counting, 1);
  compile({{"a.py", "x = 1\n"}}, compiler);
  EXPECT_EQ(counting.running, 1);
  compiler.end_interpreters();
  EXPECT_EQ(counting.running, 0);
  EXPECT_THAT(compile({{"b.py", "x = 'text of b'\n"}}, compiler).at(0), HasSubstr("text of b"));
  EXPECT_EQ(counting.runs, 2);
}

TEST_F(SandboxCompilerTest, WhereLaterFilesAreNotSeenInsideEachBatchHasItsInterpreter) {
  CountingPython counting(SandboxLevel::L2);
  SandboxCompiler compiler = on_host(counting, 1);
  for (int i = 0; i < 2; ++i) EXPECT_NE(compile({{"a.py", "a = 1\n"}}, compiler).at(0), "");
  EXPECT_EQ(counting.runs, 2);
}

TEST_F(SandboxCompilerTest, AnInterpreterThatDiedBetweenLayersIsReplaced) {
  class Mortal final : public test::HostPython {
    SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
      if (runs++ > 0) return HostPython::run(job, cancellation);
      write_file_atomically(job.mounts.at(0).host / "once", "b");
      std::filesystem::rename(job.mounts.at(0).host / "once", job.mounts.at(0).host / "requests");
      return HostPython::run(job, cancellation);  // one request, then the end
    }
    int runs = 0;
  } mortal;
  SandboxCompiler compiler = on_host(mortal, 1);
  for (int i = 0; i < 3; ++i) EXPECT_NE(compile({{"a.py", "a = 1\n"}}, compiler).at(0), "");
}

TEST_F(SandboxCompilerTest, ASourceThatKillsTheInterpreterIsLeftOutAndTheOthersAreCompiled) {
  DyingPython dying;
  const auto made = compile({{"a.py", "a = 1\n"}, {"b.py", "b = 1\n"}, {"c.py", "c = 1\n"}}, dying);
  EXPECT_NE(made.at(0), "");
  EXPECT_EQ(made.at(1), "");
  EXPECT_NE(made.at(2), "");
  EXPECT_EQ(dying.runs, 2);
}

TEST_F(SandboxCompilerTest, BytecodeThatIsFarLargerThanItsSourceIsNotRead) {
  BoastingPython boasting;
  const auto made = compile({{"a.py", "a = 1\n"}, {"b.py", "b = 1\n"}}, boasting);
  EXPECT_EQ(made.at(0).size(), 0U);
  EXPECT_EQ(made.at(1), "pyc");
}

TEST_F(SandboxCompilerTest, TheInterpreterIsIsolatedAndHasNoNetwork) {
  compile({{"a.py", "a = 1\n"}});
  EXPECT_FALSE(python.last.network);
  EXPECT_THAT(python.last.argv, Contains("-I"));
  EXPECT_THAT(python.last.argv, Contains("-S"));
  EXPECT_FALSE(python.last.mounts.at(0).writable);
  for (const auto& [name, value] : python.last.env) EXPECT_TRUE(name.starts_with("MALLOC_")) << name;
}

TEST_F(SandboxCompilerTest, AnInterpreterThatDoesNotStartIsAnErrorWithAWayOut) {
  class NoPython final : public Sandbox {
    SandboxOutcome run(const SandboxJob& job, const Cancellation&) override {
      write_file_atomically(job.mounts.at(1).host / "compiled", "");
      SandboxOutcome outcome;
      outcome.code = 127;
      outcome.err = "error while loading shared libraries";
      return outcome;
    }
    SandboxLevel level() override { return SandboxLevel::L0; }
  } nothing;
  try {
    compile({{"a.py", ""}}, nothing);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Step);
    EXPECT_THAT(error.context(), Contains(HasSubstr("loading shared libraries")));
    EXPECT_THAT(error.hint_text(), HasSubstr("bytecode: false"));
  }
}

TEST_F(SandboxCompilerTest, WhatItLeavesIsReadAsAPlainFileOnly) {
  class Linker final : public Sandbox {
    SandboxOutcome run(const SandboxJob& job, const Cancellation&) override {
      std::filesystem::create_symlink("/etc/passwd", job.mounts.at(1).host / "compiled");
      return {};
    }
    SandboxLevel level() override { return SandboxLevel::L0; }
  } linker;
  EXPECT_THROW(compile({{"a.py", ""}}, linker), Error);
}

}  // namespace
}  // namespace mlbuild
