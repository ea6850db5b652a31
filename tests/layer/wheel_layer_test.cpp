#include "mlbuild/layer/wheel_layer.hpp"

#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/python/wheel.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

WheelBuilder toy() { return WheelBuilder::named("toy").add("toy.py", "answer = 42\n"); }

TEST(WheelLayer, PutsEachSchemeWherePipPutsIt) {
  WheelBuilder wheel = toy();
  wheel.add("toy-1.0.data/purelib/pure.py", "p").add("toy-1.0.data/platlib/plat.so", "q");
  wheel.add("toy-1.0.data/headers/toy.h", "h").add("toy-1.0.data/data/etc/toy.conf", "d");
  wheel.add("toy-1.0.data/scripts/toy-run", "#!/bin/sh\n");
  const ReadLayer layer = install({wheel});
  EXPECT_EQ(layer.content(kSite + "pure.py"), "p");
  EXPECT_EQ(layer.content(kSite + "plat.so"), "q");
  EXPECT_EQ(layer.content("usr/local/include/site/python3.11/toy/toy.h"), "h");
  EXPECT_EQ(layer.content("usr/local/etc/toy.conf"), "d");
  EXPECT_EQ(layer.content(kBin + "toy-run"), "#!/bin/sh\n");
}

TEST(WheelLayer, RootGoesToPlatlibUnlessPure) {
  WheelLayerParameters parameters;
  parameters.scheme.platlib = "usr/local/lib64/python3.11/site-packages";
  WheelBuilder wheel = toy();
  wheel.wheel_file = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n";
  EXPECT_TRUE(install({wheel}, parameters).has("usr/local/lib64/python3.11/site-packages/toy.py"));
}

TEST(WheelLayer, DirectoriesOfTheBaseStayAsTheyAre) {
  WheelLayerParameters parameters;
  parameters.scheme.base_directories = {{"usr/local/lib", {02775, 0, 50}}};
  const ReadLayer layer = install({toy()}, parameters);
  const TarEntry& library = layer.entries.at("usr/local/lib").entry;
  EXPECT_EQ((DirectoryAttributes{library.mode, library.uid, library.gid}), (DirectoryAttributes{02775, 0, 50}));
  EXPECT_EQ(layer.mode("usr/local"), 0755U);
  EXPECT_NE(WheelLayerRecipe({}, parameters).card().key(), WheelLayerRecipe({}, {}).card().key());
}

TEST(WheelLayer, ModesFollowPipsRule) {
  WheelBuilder wheel = toy();
  wheel.add("x755", "", 0100755).add("x600", "", 0100600).add("x666", "", 0100666).add("x0", "", 0);
  wheel.add("setuid", "", 0104755).add("untyped", "", 0777).add("group-x", "", 0100610);
  const ReadLayer layer = install({wheel});
  for (const char* name : {"x755", "setuid", "group-x"}) EXPECT_EQ(layer.mode(kSite + name), 0755U) << name;
  for (const char* name : {"x600", "x666", "x0", "untyped"}) EXPECT_EQ(layer.mode(kSite + name), 0644U) << name;
}

TEST(WheelLayer, ScriptsAreAlwaysExecutable) {
  EXPECT_EQ(install({toy().add("toy-1.0.data/scripts/run", "#!/bin/sh\n")}).mode(kBin + "run"), 0755U);
}

TEST(WheelLayer, RewritesPythonShebangsOnly) {
  WheelBuilder wheel = toy();
  wheel.add("toy-1.0.data/scripts/a", "#!python -O\nprint(1)\n")
      .add("toy-1.0.data/scripts/b", "#!/usr/bin/env python\n");
  wheel.add("toy-1.0.data/scripts/c", "#!pythonw\r\nx\r\n")
      .add("toy-1.0.data/scripts/elf",
           "\x7f"
           "ELF");
  wheel.add("toy-1.0.data/data/bin/d", "#!python\n");
  const ReadLayer layer = install({wheel});
  EXPECT_EQ(layer.content(kBin + "a"), "#!/usr/local/bin/python\nprint(1)\n");
  EXPECT_EQ(layer.content(kBin + "b"), "#!/usr/bin/env python\n");
  EXPECT_THAT(layer.content(kBin + "c"), StartsWith("#!/usr/local/bin/python"));
  EXPECT_EQ(layer.content(kBin + "elf"),
            "\x7f"
            "ELF");
  EXPECT_EQ(layer.content(kBin + "d"), "#!python\n");
}

TEST(WheelLayer, WritesEntryPointWrappers) {
  const ReadLayer layer =
      install({toy().entry_points("[console_scripts]\nrun = toy.cli:app.main\n[gui_scripts]\nshow = toy:show\n")});
  EXPECT_THAT(layer.content(kBin + "run"), StartsWith("#!/usr/local/bin/python\n"));
  EXPECT_THAT(layer.content(kBin + "run"), HasSubstr("app.main()"));
  EXPECT_THAT(layer.content(kBin + "show"), HasSubstr("show()"));
  EXPECT_EQ(layer.mode(kBin + "run"), 0755U);
}

TEST(WheelLayer, NamesPipsScriptsAfterTheImagesPython) {
  WheelBuilder pip = WheelBuilder::named("pip").entry_points(
      "[console_scripts]\npip = pip:main\npip3 = pip:main\npip3.9 = pip:main\npipx = pip:other\n");
  const ReadLayer layer = install({pip});
  for (const char* name : {"pip", "pip3", "pip3.11", "pipx"}) EXPECT_TRUE(layer.has(kBin + name)) << name;
  EXPECT_FALSE(layer.has(kBin + "pip3.9"));
}

TEST(WheelLayer, RecordListsEveryInstalledFileSorted) {
  WheelBuilder wheel = toy().add("toy-1.0.data/scripts/run", "#!python\n").add("a,b.txt", "comma");
  const ReadLayer layer = install({wheel});
  const auto rows = python::parse_record(layer.content(kSite + "toy-1.0.dist-info/RECORD"));
  std::vector<std::string> paths;
  for (const auto& row : rows) {
    paths.push_back(row.path);
    if (row.path.ends_with("/RECORD")) continue;
    const std::string path = row.path.starts_with("../../../") ? "usr/local/" + row.path.substr(9) : kSite + row.path;
    EXPECT_EQ(row.hash_value, python::record_hash(sha256(layer.content(path)))) << path;
    EXPECT_EQ(row.size_bytes, layer.content(path).size()) << path;
  }
  EXPECT_THAT(paths,
              ElementsAre("../../../bin/run", "a,b.txt", "toy-1.0.dist-info/INSTALLER", "toy-1.0.dist-info/METADATA",
                          "toy-1.0.dist-info/RECORD", "toy-1.0.dist-info/WHEEL", "toy.py"));
}

TEST(WheelLayer, NamesItselfAsInstaller) {
  WheelBuilder wheel = toy().add("toy-1.0.dist-info/INSTALLER", "pip\n");
  EXPECT_EQ(install({wheel}).content(kSite + "toy-1.0.dist-info/INSTALLER"), "mlbuild\n");
}

TEST(WheelLayer, EveryEntryHasTheEpochAndRootAsOwner) {
  WheelLayerParameters parameters;
  parameters.epoch_seconds = 1'700'000'000;
  for (const auto& [path, read] : install({toy()}, parameters).entries) {
    EXPECT_EQ(read.entry.mtime_seconds, 1'700'000'000) << path;
    EXPECT_EQ(read.entry.uid + read.entry.gid, 0U) << path;
    EXPECT_EQ(read.entry.mode, read.entry.type == TarType::Directory ? 0755U : 0644U) << path;
  }
}

TEST(WheelLayer, OrderOfWheelsIsIrrelevant) {
  const WheelBuilder a = WheelBuilder::named("aaa").add("a.py", "1");
  const WheelBuilder b = WheelBuilder::named("bbb").add("b.py", "2");
  EXPECT_EQ(install({a, b}).facts.digest, install({b, a}).facts.digest);
}

TEST(WheelLayer, FactsNamePackagesAndSizes) {
  const LayerFacts facts = install({toy().add("big.bin", std::string(1'000'000, 'b'))}).facts;
  ASSERT_EQ(facts.packages.size(), 1U);
  EXPECT_EQ(facts.packages[0].kind, "wheel");
  EXPECT_EQ(facts.packages[0].name, "toy");
  EXPECT_EQ(facts.packages[0].version, "1.0");
  EXPECT_GT(facts.packages[0].plain_size_bytes, 1'000'000U);
  EXPECT_LE(facts.packages[0].compressed_size_bytes, facts.size_bytes);
  EXPECT_GT(facts.packages[0].compressed_size_bytes, 0U);
}

TEST(WheelLayer, DeflateStreamsAreThoseOfTheWheel) {
  MemoryStore store;
  WheelBuilder wheel = toy();
  ZipInput member;
  member.name = "data.bin";
  member.content = "the same text in an encoding that no level of ours would choose";
  // One stored block (RFC 1951, 3.2.4).
  const auto length = static_cast<unsigned char>(member.content.size());
  member.stream =
      std::string{'\x01', static_cast<char>(length), '\0', static_cast<char>(~length), '\xff'} + member.content;
  const WheelInput input = put_wheel(store, wheel.add(member));
  const LayerFacts facts = make_layer(WheelLayerRecipe({input}, {}), store);
  const Bytes layer = read_all(*store.stream(facts.digest), 1U << 20U);
  EXPECT_THAT(std::string(as_text(layer)), HasSubstr(std::string(as_text(gzip_member_header())) + *member.stream));
}

TEST(WheelLayer, SharedFileOfEqualContentIsOneEntry) {
  const WheelBuilder a = WheelBuilder::named("aaa").add("shared/__init__.py", "");
  const WheelBuilder b = WheelBuilder::named("bbb").add("shared/__init__.py", "", 0100755);
  const ReadLayer layer = install({a, b});
  EXPECT_EQ(layer.mode(kSite + "shared/__init__.py"), 0755U);
}

TEST(WheelLayer, SharedFileOfOtherContentNamesBothWheels) {
  const WheelBuilder a = WheelBuilder::named("aaa").add("shared.py", "1");
  const WheelBuilder b = WheelBuilder::named("bbb").add("shared.py", "2");
  try {
    install({b, a});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    EXPECT_THAT(error.message(), HasSubstr("`aaa-1.0-py3-none-any.whl` and `bbb-1.0-py3-none-any.whl`"));
    EXPECT_THAT(error.message(), HasSubstr("shared.py"));
  }
}

TEST(WheelLayer, CollisionsAreFoundAcrossLayers) {
  MemoryStore store;
  const WheelInput a = put_wheel(store, WheelBuilder::named("aaa").add("shared.py", "1"));
  const WheelInput b = put_wheel(store, WheelBuilder::named("bbb").add("shared.py", "2"));
  const WheelInput c = put_wheel(store, WheelBuilder::named("ccc").add("shared.py", "1"));
  EXPECT_NO_THROW(check_wheel_collisions({a, c}, {}, store));
  EXPECT_THROW(check_wheel_collisions({a, b, c}, {}, store), Error);
}

/// While it lives, this process may have few files open.
class OpenFilesLimit {
 public:
  explicit OpenFilesLimit(rlim_t count) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit limit{count, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~OpenFilesLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  OpenFilesLimit(const OpenFilesLimit&) = delete;
  OpenFilesLimit& operator=(const OpenFilesLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(WheelLayer, MoreWheelsThanOpenFilesAreChecked) {
  const TempDir directory;
  DiskStore store(directory.path() / "store");
  std::vector<WheelInput> wheels;
  for (int i = 0; i < 100; ++i) {
    wheels.push_back(put_wheel(store, WheelBuilder::named(fmt::format("wheel{}", i)).add("shared.py", "1")));
  }
  const OpenFilesLimit limit(64);
  EXPECT_NO_THROW(check_wheel_collisions(wheels, {}, store));
}

TEST(WheelLayer, PartsTogetherAreTheWholeWheel) {
  WheelBuilder wheel = toy();
  for (const char* name : {"a.bin", "b.bin", "c.bin", "d.bin"}) wheel.add(name, std::string(5000, name[0]) + name);
  const ReadLayer whole = install({wheel});
  std::map<std::string, int> seen;
  std::uint64_t plain_bytes = 0;
  for (std::size_t number = 0; number < 3; ++number) {
    WheelLayerParameters parameters;
    parameters.part = {number, 3};
    const ReadLayer part = install({wheel}, parameters);
    EXPECT_LT(part.facts.plain_size_bytes, whole.facts.plain_size_bytes);
    plain_bytes += part.facts.packages.at(0).plain_size_bytes;
    for (const auto& [path, read] : part.entries) {
      if (read.entry.type == TarType::File) ++seen[path];
      EXPECT_EQ(read.content, whole.content(path));
    }
  }
  EXPECT_EQ(plain_bytes, whole.facts.packages.at(0).plain_size_bytes);
  for (const auto& [path, read] : whole.entries)
    EXPECT_EQ(seen[path], read.entry.type == TarType::File ? 1 : 0) << path;
}

TEST(WheelLayer, CardNamesEachProject) {
  MemoryStore store;
  const WheelInput input = put_wheel(store, toy());
  const KeyCard card = WheelLayerRecipe({input}, {}).card();
  EXPECT_EQ(card.fields().at("wheel toy"), input.filename + " " + input.digest.to_string());
  WheelLayerParameters later;
  later.epoch_seconds += 1;
  EXPECT_THAT(diff(card, WheelLayerRecipe({input}, later).card()),
              ElementsAre(CardChange{"epoch seconds", "315532800", "315532801"}));
}

TEST(WheelLayer, PrunedFilesAreNeitherThereNorInRecord) {
  WheelBuilder wheel;
  wheel.add("toy/__init__.py", "x").add("toy/tests/test_a.py", "y").add("toy/a.pyi", "z");
  WheelLayerParameters parameters;
  parameters.prune.kinds[static_cast<std::size_t>(python::PruneKind::Tests)] = true;
  const ReadLayer layer = install({wheel}, parameters);
  EXPECT_FALSE(layer.has(kSite + "toy/tests/test_a.py"));
  EXPECT_FALSE(layer.has(kSite + "toy/tests"));
  EXPECT_TRUE(layer.has(kSite + "toy/a.pyi"));
  const std::string& record = layer.content(kSite + "toy-1.0.dist-info/RECORD");
  EXPECT_EQ(record.find("test_a"), std::string::npos);
  EXPECT_NE(record.find("toy/__init__.py"), std::string::npos);
}

TEST(WheelLayer, APolicyIsPartOfTheKeyOnlyWhereItDropsSomething) {
  const WheelInput input{"toy-1.0-py3-none-any.whl", BlobDigest()};
  WheelLayerParameters parameters;
  const KeyCard plain = WheelLayerRecipe({input}, parameters).card();
  parameters.prune.keep = {"toy"};
  EXPECT_EQ(WheelLayerRecipe({input}, parameters).card().key(), plain.key());
  parameters.prune.kinds[0] = true;
  EXPECT_EQ(WheelLayerRecipe({input}, parameters).card().fields().at("prune"), "tests, keep toy");
}

}  // namespace
}  // namespace mlbuild::test
