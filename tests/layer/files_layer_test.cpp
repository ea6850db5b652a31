#include "mlbuild/layer/files_layer.hpp"

#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

LayerFile text_file(std::string path, const std::string& content) {
  LayerFile file;
  file.path = std::move(path);
  file.size_bytes = content.size();
  file.digest = BlobDigest(sha256(content));
  return file;
}

LayerFile link(std::string path, std::string target) {
  LayerFile file;
  file.path = std::move(path);
  file.type = TarType::Symlink;
  file.link_target = std::move(target);
  return file;
}

/// Every file has this content.
FileOpener opener(std::string content) {
  auto kept = std::make_shared<std::string>(std::move(content));  // shared by the opener's copies
  return [kept](const LayerFile&) { return std::make_unique<SpanSource>(as_bytes(*kept)); };
}

FilesLayerRecipe recipe(std::vector<LayerFile> files, const std::string& content = "text") {
  return {std::move(files), {"app", 315532800, 6}, opener(content)};
}

TEST(FilesLayer, AddsParentsAndNormalisesModes) {
  MemoryStore store;
  LayerFile tool = text_file("app/bin/run", "text");
  tool.executable = true;
  const ReadLayer layer = make_and_read(recipe({tool, text_file("app/a.py", "text"), link("app/now", "a.py")}), store);
  EXPECT_EQ(layer.mode("app"), 0755U);
  EXPECT_EQ(layer.mode("app/bin/run"), 0755U);
  EXPECT_EQ(layer.mode("app/a.py"), 0644U);
  EXPECT_EQ(layer.content("app/a.py"), "text");
  EXPECT_EQ(layer.entries.at("app/now").entry.link_target, "a.py");
  EXPECT_EQ(layer.facts.entry_count, 5U);
}

/// An entry for a directory replaces what the base says of it: docker's COPY leaves it alone, too.
TEST(FilesLayer, DirectoriesOfTheBaseStayAsTheyAre) {
  MemoryStore store;
  const BaseDirectories below{{"home/me", {02750, 1000, 100}}, {"tmp", {01777, 0, 0}}};
  const auto over_base = [&](const std::string& path) {
    return FilesLayerRecipe({text_file(path, "text")}, {"app", 315532800, 6, below}, opener("text"));
  };
  const ReadLayer layer = make_and_read(over_base("home/me/work/a.py"), store);
  const TarEntry& home = layer.entries.at("home/me").entry;
  EXPECT_EQ((DirectoryAttributes{home.mode, home.uid, home.gid}), below.at("home/me"));
  const TarEntry& work = layer.entries.at("home/me/work").entry;
  EXPECT_EQ((DirectoryAttributes{work.mode, work.uid, work.gid}), DirectoryAttributes{});
  EXPECT_EQ(over_base("home/me/work/a.py").card().fields().at("base directory home/me"), "2750 1000:100");
  EXPECT_EQ(over_base("app/a.py").card().key(), recipe({text_file("app/a.py", "text")}).card().key());
}

TEST(FilesLayer, OrderOfFilesIsIrrelevant) {
  MemoryStore store;
  const LayerFile a = text_file("app/a", "text");
  const LayerFile b = text_file("app/a-b", "text");
  EXPECT_EQ(make_layer(recipe({a, b}), store).digest, make_layer(recipe({b, a}), store).digest);
  EXPECT_EQ(recipe({a, b}).card().key(), recipe({b, a}).card().key());
}

TEST(FilesLayer, FileThatChangedSinceItWasHashedIsAFailedStep) {
  MemoryStore store;
  for (const char* now : {"tex", "texts", "TEXT"}) {
    try {
      make_layer(recipe({text_file("app/a", "text")}, now), store);
      FAIL() << now;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Step);
      EXPECT_THAT(error.message(), HasSubstr("`app/a` changed while it was read"));
    }
  }
}

TEST(FilesLayer, FailedLayerLeavesNoBlob) {
  MemoryStore store;
  EXPECT_THROW(make_layer(recipe({text_file("app/a", "text")}, "TEXT"), store), Error);
  const LayerFacts good = make_layer(recipe({text_file("app/a", "text")}), store);
  EXPECT_EQ(store.find(good.digest), good.size_bytes);
}

TEST(FilesLayer, BadPathsAreMistakesOfTheSpec) {
  for (const char* path : {"../a", "/a", "", "a/../b", "a\nb"}) {
    try {
      recipe({text_file(path, "text")});
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Spec) << path;
    }
  }
}

TEST(FilesLayer, TwoFilesAtOnePathAreRefused) {
  EXPECT_THROW(recipe({text_file("a", "text"), text_file("a", "text")}), Error);
  EXPECT_THROW(recipe({text_file("a", "text"), text_file("a/b", "text")}), Error);
}

TEST(FilesLayer, CardNamesTheFileThatChanged) {
  const KeyCard before = recipe({text_file("app/a", "text"), text_file("app/b", "text")}).card();
  const KeyCard after = recipe({text_file("app/a", "text"), text_file("app/b", "TEXT")}).card();
  const std::vector<CardChange> changes = diff(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].field, "file app/b");
}

TEST(FilesLayer, IsARealBlob) {
  MemoryStore store;
  const LayerFacts facts = make_layer(recipe({text_file("app/a", "text")}), store);
  EXPECT_EQ(store.open(facts.digest)->size_bytes(), facts.size_bytes);
}

}  // namespace
}  // namespace mlbuild::test
