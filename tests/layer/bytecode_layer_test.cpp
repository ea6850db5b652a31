#include "mlbuild/layer/bytecode_layer.hpp"

#include "support/deb_builder.hpp"
#include "support/layer_reading.hpp"
#include "support/pyc_builder.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// "Compiles" to a module with the path and the source as constants; a source that begins with "print '" does not
/// compile, and of "odd" comes something that is no bytecode.
class FakeCompiler final : public BytecodeCompiler {
 public:
  void compile(const PythonSources& sources,
               const std::function<void(std::size_t, std::optional<ByteSpan>)>& on_compiled) override {
    std::vector<std::size_t> order(sources.files.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (backwards) std::ranges::reverse(order);
    for (const std::size_t i : order) {
      const Bytes source = sources.read(i);
      const std::string text(as_text(source));
      const std::string made =
          text == "odd" ? "nonsense"
                        : pyc::pyc_of(pyc::code({pyc::text("/" + sources.files[i].path, 'z', flag), pyc::text(text)}));
      on_compiled(i, text.starts_with("print '") ? std::nullopt : std::optional<ByteSpan>(as_bytes(made)));
    }
  }
  bool backwards = false;
  unsigned char flag = 0;
};

struct BytecodeLayer : ::testing::Test {
  WheelBytecodeRecipe recipe(const std::vector<WheelBuilder>& wheels, const InstallScheme& scheme = {}) {
    std::vector<WheelInput> inputs;
    for (const WheelBuilder& wheel : wheels) inputs.push_back(put_wheel(store, wheel));
    return {std::move(inputs), scheme, parameters, compiler};
  }
  ReadLayer layer(const std::vector<WheelBuilder>& wheels) { return make_and_read(recipe(wheels), store); }
  static std::vector<std::string> files(const ReadLayer& layer) {
    std::vector<std::string> paths;
    for (const auto& [path, read] : layer.entries) {
      if (read.entry.type == TarType::File) paths.push_back(path);
    }
    return paths;
  }

  MemoryStore store;
  std::shared_ptr<FakeCompiler> compiler = std::make_shared<FakeCompiler>();
  BytecodeLayerParameters parameters{*python::pyc_format("3.11"), "an interpreter"};
};

TEST_F(BytecodeLayer, HasBytecodeAndItsDirectoriesAndNothingElse) {
  const ReadLayer made = layer({WheelBuilder().add("toy/__init__.py", "a = 1\n").add("toy/data.txt", "x")});
  EXPECT_THAT(files(made), ElementsAre(kSite + "toy/__pycache__/__init__.cpython-311.pyc"));
  for (const auto& [path, read] : made.entries) {
    EXPECT_EQ(read.entry.mode, read.entry.type == TarType::Directory ? 0755U : 0644U) << path;
    EXPECT_EQ(read.entry.mtime_seconds, 315532800) << path;
    EXPECT_EQ(read.entry.uid + read.entry.gid, 0U) << path;
  }
  EXPECT_THAT(made.content(kSite + "toy/__pycache__/__init__.cpython-311.pyc"), HasSubstr("a = 1\n"));
  ASSERT_EQ(made.facts.packages.size(), 1U);
  EXPECT_EQ(made.facts.packages[0].kind, "bytecode");
  EXPECT_EQ(made.facts.packages[0].name, "toy");
}

TEST_F(BytecodeLayer, FollowsTheWheelsDestinations) {
  const ReadLayer made = layer({WheelBuilder()
                                    .add("toy-1.0.data/purelib/pure.py", "a")
                                    .add("toy-1.0.data/scripts/run.py", "#!python\nb")
                                    .add("toy-1.0.data/data/share/toy/hook.py", "c")});
  EXPECT_THAT(files(made),
              ElementsAre(kBin + "__pycache__/run.cpython-311.pyc", kSite + "__pycache__/pure.cpython-311.pyc",
                          "usr/local/share/toy/__pycache__/hook.cpython-311.pyc"));
  EXPECT_THAT(made.content(kBin + "__pycache__/run.cpython-311.pyc"), HasSubstr("#!/usr/local/bin/python\nb"))
      << "as it is installed";
}

TEST_F(BytecodeLayer, WhatDoesNotCompileIsLeftOutAndCounted) {
  const ReadLayer made = layer({WheelBuilder().add("toy/a.py", "a").add("toy/old/b.py", "print 'b'")});
  EXPECT_THAT(files(made), ElementsAre(kSite + "toy/__pycache__/a.cpython-311.pyc"));
  EXPECT_FALSE(made.has(kSite + "toy/old"));
  EXPECT_EQ(made.facts.sources_left_out, 1U);
  EXPECT_TRUE(made.facts.warnings.empty());
  EXPECT_EQ(parse_layer_facts(to_json(made.facts)).sources_left_out, 1U);
}

TEST_F(BytecodeLayer, ANameThatIsTooLongForACacheIsLeftOutAndCounted) {
  const std::string longest(255 - std::string(".cpython-311.pyc").size(), 'n');
  const ReadLayer made = layer({WheelBuilder().add(longest + ".py", "a").add(longest + "n.py", "b")});
  EXPECT_THAT(files(made), ElementsAre(kSite + "__pycache__/" + longest + ".cpython-311.pyc"));
  EXPECT_EQ(made.facts.sources_left_out, 1U);
}

TEST_F(BytecodeLayer, WhatIsNoBytecodeIsLeftOutWithAWarning) {
  const ReadLayer made = layer({WheelBuilder().add("toy/a.py", "odd")});
  EXPECT_TRUE(files(made).empty());
  EXPECT_THAT(made.facts.warnings, ElementsAre(HasSubstr("toy/a.py` has no bytecode in the image")));
}

TEST_F(BytecodeLayer, OrderOfAnswersAndMarksOfTheCompilerAreIrrelevant) {
  const WheelBuilder wheel = WheelBuilder().add("toy/a.py", "a").add("toy/b.py", "b").add("toy-b.py", "c");
  const LayerFacts first = layer({wheel}).facts;
  compiler->backwards = true;
  compiler->flag = pyc::kRef;
  EXPECT_EQ(layer({wheel}).facts.digest, first.digest);
}

TEST_F(BytecodeLayer, CachesThatTheWheelBringsGiveWayToOurs) {
  const std::string path = "toy/__pycache__/a.cpython-311.pyc";
  const ReadLayer made = layer({WheelBuilder().add("toy/a.py", "a").add(path, "theirs")});
  EXPECT_THAT(files(made), ElementsAre(kSite + path));
  EXPECT_NE(made.content(kSite + path), "theirs");
}

TEST_F(BytecodeLayer, TheKeyIsWheelPathsAndInterpreter) {
  const WheelBuilder wheel = WheelBuilder().add("toy/a.py", "a");
  const StepKey key = recipe({wheel}).card().key();
  EXPECT_EQ(recipe({wheel}).card().key(), key);
  InstallScheme elsewhere;
  elsewhere.purelib = "opt/lib";
  EXPECT_NE(recipe({wheel}, elsewhere).card().key(), key);
  EXPECT_NE(recipe({WheelBuilder().add("toy/a.py", "b")}).card().key(), key);
  parameters.interpreter = "a newer interpreter";
  EXPECT_NE(recipe({wheel}).card().key(), key);
}

TEST_F(BytecodeLayer, TheLibraryIsWhatPackagesHaveInItsDirectory) {
  DebBuilder library = DebBuilder::named("libpython3.11-stdlib");
  library.file("usr/lib/python3.11/json/decoder.py", "a")
      .file("usr/lib/python3.11/README.txt", "text")
      .symlink("usr/lib/python3.11/sitecustomize.py", "/etc/python3.11/sitecustomize.py")
      .file("usr/share/doc/example.py", "b");
  const DebInput input{library.name, library.version, library.architecture, put_blob(store, library.build())};
  const ReadLayer made =
      make_and_read(LibraryBytecodeRecipe({input}, "usr/lib/python3.11", parameters, compiler), store);
  EXPECT_THAT(files(made), ElementsAre("usr/lib/python3.11/json/__pycache__/decoder.cpython-311.pyc"));
}

}  // namespace
}  // namespace mlbuild::test
