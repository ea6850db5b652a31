#include "mlbuild/layer/deb_layer.hpp"

#include "support/deb_builder.hpp"
#include "support/layer_reading.hpp"
#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

DebInput put_deb(BlobStore& store, const DebBuilder& deb) {
  return {deb.name, deb.version, deb.architecture, put_blob(store, deb.build())};
}

ReadLayer unpack(const std::vector<DebBuilder>& debs, const DebLayerParameters& parameters = {}) {
  MemoryStore store;
  std::vector<DebInput> inputs;
  for (const DebBuilder& deb : debs) inputs.push_back(put_deb(store, deb));
  return make_and_read(DebLayerRecipe(inputs, parameters), store);
}

Error failure(const std::vector<DebBuilder>& debs, const DebLayerParameters& parameters = {}) {
  try {
    unpack(debs, parameters);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::Internal, "no error");
}

/// base-files and base-passwd in small.
std::vector<DebBuilder> tiny_base() {
  DebBuilder files = DebBuilder::named("base-files");
  files.directory("bin")
      .directory("etc")
      .directory("tmp", 01777)
      .file("usr/lib/os-release", "ID=debian\n")
      .symlink("etc/os-release", "../usr/lib/os-release");
  DebBuilder passwd = DebBuilder::named("base-passwd");
  passwd.file("usr/share/base-passwd/passwd.master",
              "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  passwd.file("usr/share/base-passwd/group.master", "root:*:0:\nshadow:*:42:\n");
  return {files, passwd};
}

DebLayerParameters as_base() {
  DebLayerParameters parameters;
  parameters.is_base = true;
  return parameters;
}

TEST(DebLayer, PathsMoveBehindTheMergedLinks) {
  DebBuilder deb;
  deb.directory("lib")
      .directory("lib/x86_64-linux-gnu")
      .file("lib/x86_64-linux-gnu/libtoy.so.1", "elf")
      .file("bin/toy", "#!", 0755);
  const ReadLayer layer = unpack({deb});
  EXPECT_EQ(layer.content("usr/lib/x86_64-linux-gnu/libtoy.so.1"), "elf");
  EXPECT_EQ(layer.mode("usr/bin/toy"), 0755U);
  for (const auto& [path, entry] : layer.entries) {
    EXPECT_FALSE(path.starts_with("lib") || path.starts_with("bin")) << path;
  }
}

TEST(DebLayer, HardLinksMoveTooAndTheFirstNameIsTheFile) {
  DebBuilder deb;
  deb.file("bin/zz", "content", 0755).hard_link("bin/aa", "bin/zz");
  const ReadLayer layer = unpack({deb});
  EXPECT_EQ(layer.content("usr/bin/aa"), "content");
  EXPECT_EQ(layer.entries.at("usr/bin/zz").entry.type, TarType::Hardlink);
  EXPECT_EQ(layer.entries.at("usr/bin/zz").entry.link_target, "usr/bin/aa");
}

TEST(DebLayer, DocumentationIsLeftOutButCopyright) {
  DebBuilder deb;
  deb.directory("usr/share/doc/toy")
      .file("usr/share/doc/toy/copyright", "free")
      .file("usr/share/doc/toy/changelog.gz", "x");
  deb.file("usr/share/man/man1/toy.1.gz", "x")
      .file("usr/share/locale/de/LC_MESSAGES/toy.mo", "x")
      .symlink("usr/share/doc/toy-dev", "toy");
  const ReadLayer layer = unpack({deb});
  EXPECT_TRUE(layer.has("usr/share/doc/toy/copyright"));
  EXPECT_TRUE(layer.has("usr/share/doc/toy-dev"));
  EXPECT_FALSE(layer.has("usr/share/doc/toy/changelog.gz"));
  EXPECT_FALSE(layer.has("usr/share/man"));
  EXPECT_FALSE(layer.has("usr/share/locale"));
  DebLayerParameters all;
  all.keep_documentation = true;
  EXPECT_TRUE(unpack({deb}, all).has("usr/share/man/man1/toy.1.gz"));
}

TEST(DebLayer, SetIdBitsOfFilesAreDropped) {
  DebBuilder deb;
  deb.file("usr/bin/su", "x", 04755).file("usr/bin/wall", "x", 02755).directory("var/mail", 02775);
  const ReadLayer layer = unpack({deb});
  EXPECT_EQ(layer.mode("usr/bin/su"), 0755U);
  EXPECT_EQ(layer.mode("usr/bin/wall"), 0755U);
  EXPECT_EQ(layer.mode("var/mail"), 02775U);
}

TEST(DebLayer, OrderOfPackagesDoesNotChangeTheBytes) {
  const DebBuilder a = DebBuilder::named("a").file("usr/a", "1");
  const DebBuilder b = DebBuilder::named("b").file("usr/b", "2");
  EXPECT_EQ(unpack({a, b}).facts.digest, unpack({b, a}).facts.digest);
}

TEST(DebLayer, ScannersFindEveryPackageInStatusDirectory) {
  DebBuilder deb;
  deb.file("bin/toy", "x").file("usr/share/man/toy", "x");
  deb.control_files["md5sums"] = "aaa  bin/toy\nbbb  usr/share/man/toy\n";
  const ReadLayer layer = unpack({deb});
  EXPECT_THAT(layer.content("var/lib/dpkg/status.d/toy"),
              HasSubstr("Package: toy\nStatus: install ok installed\nVersion: 1.0-1\n"));
  EXPECT_EQ(layer.content("var/lib/dpkg/status.d/toy.md5sums"), "aaa  usr/bin/toy\n");
}

TEST(DebLayer, StatusFileFormHasListsAndSums) {
  DebLayerParameters parameters;
  parameters.database = DpkgDatabase::StatusFile;
  DebBuilder shared = DebBuilder::named("libtoy1").file("usr/lib/libtoy.so.1", "x");
  shared.more_fields = "Multi-Arch: same\n";
  const ReadLayer layer = unpack({DebBuilder().file("usr/bin/toy", "x"), shared}, parameters);
  EXPECT_THAT(layer.content("var/lib/dpkg/status"), HasSubstr("Package: libtoy1\nStatus: install ok installed\n"));
  EXPECT_THAT(layer.content("var/lib/dpkg/info/toy.list"), HasSubstr("\n/usr/bin/toy\n"));
  EXPECT_TRUE(layer.has("var/lib/dpkg/info/libtoy1:amd64.list"));
}

TEST(DebLayer, OnABaseWithAStatusFileTheTextGoesOn) {
  for (const std::string ending : {"", "\n", "\n\n"}) {
    MemoryStore store;
    DebLayerParameters parameters;
    parameters.database = DpkgDatabase::StatusFile;
    parameters.base_status = put_blob(store, as_bytes("Package: libc6\nStatus: install ok installed" + ending));
    const DebInput toy = put_deb(store, DebBuilder().file("usr/bin/toy", "x"));
    const ReadLayer layer = make_and_read(DebLayerRecipe({toy}, parameters), store);
    EXPECT_THAT(
        layer.content("var/lib/dpkg/status"),
        StartsWith("Package: libc6\nStatus: install ok installed\n\nPackage: toy\nStatus: install ok installed\n"));
    EXPECT_FALSE(layer.has("var/lib/dpkg/available"));
  }
}

TEST(DebLayer, OnASplitRootPathsStayAsShipped) {
  DebLayerParameters parameters;
  parameters.merged_usr = false;
  const ReadLayer layer =
      unpack({DebBuilder().file("lib/x86_64-linux-gnu/libtoy.so.1", "elf").file("bin/toy", "#!")}, parameters);
  EXPECT_TRUE(layer.has("lib/x86_64-linux-gnu/libtoy.so.1"));
  EXPECT_TRUE(layer.has("bin/toy"));
  EXPECT_FALSE(layer.has("usr/bin/toy"));
}

TEST(DebLayer, FactsNameEachPackageAndItsSize) {
  const ReadLayer layer =
      unpack({DebBuilder().file("usr/x", std::string(1000, 'x')), DebBuilder::named("other").file("usr/y", "yy")});
  ASSERT_EQ(layer.facts.packages.size(), 2U);
  EXPECT_EQ(layer.facts.packages[0].name, "other");
  EXPECT_EQ(layer.facts.packages[0].plain_size_bytes, 2U);
  EXPECT_EQ(layer.facts.packages[1].kind, "deb");
  EXPECT_EQ(layer.facts.packages[1].plain_size_bytes, 1000U);
}

TEST(DebLayer, DroppedPackagesAreNeitherUnpackedNorListed) {
  DebLayerParameters parameters;
  parameters.drop_packages = {"dpkg"};
  const ReadLayer layer =
      unpack({DebBuilder().file("usr/x", "x"), DebBuilder::named("dpkg").file("usr/bin/dpkg", "x")}, parameters);
  EXPECT_FALSE(layer.has("usr/bin/dpkg"));
  EXPECT_FALSE(layer.has("var/lib/dpkg/status.d/dpkg"));
}

TEST(DebLayer, PathsThatGrowBeyondLinuxsLimitAreRefused) {
  std::string path = "lib/";
  while (path.size() < 4090) path += "d/";
  const Error error = failure({DebBuilder().file(path + "abcd", "x")});
  EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("longer than Linux takes"));
}

TEST(DebLayer, DifferentFilesAtOnePathAreRefused) {
  const Error error = failure({DebBuilder::named("a").file("usr/x", "1"), DebBuilder::named("b").file("usr/x", "2")});
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr("`usr/x` is different in package `a` and package `b`"));
}

TEST(DebLayer, EqualFilesAtOnePathAreOne) {
  EXPECT_EQ(
      unpack({DebBuilder::named("a").file("usr/x", "1"), DebBuilder::named("b").file("usr/x", "1")}).content("usr/x"),
      "1");
}

TEST(DebLayer, ReplacesDecidesWhoseFileItIs) {
  DebBuilder newer = DebBuilder::named("b").file("usr/x", "new");
  newer.more_fields = "Replaces: a (<< 2)\n";
  EXPECT_EQ(unpack({DebBuilder::named("a").file("usr/x", "old"), newer}).content("usr/x"), "new");
  DebBuilder first = DebBuilder::named("a").file("usr/x", "new");
  first.more_fields = "Replaces: b\n";
  EXPECT_EQ(unpack({first, DebBuilder::named("b").file("usr/x", "old")}).content("usr/x"), "new");
}

TEST(DebLayer, UnknownScriptsAreErrorsThatNamePackageScriptAndWayOut) {
  const DebBuilder deb = DebBuilder().script("postinst", "adduser toy\n");
  const Error error = failure({deb, DebBuilder::named("other").script("preinst", "mkfs /\n")});
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_THAT(error.message(), HasSubstr("`preinst` script of Debian package `other`"));
  EXPECT_THAT(error.hint_text(), HasSubstr("scripts: {other: run}"));
  EXPECT_THAT(error.hint_text(), HasSubstr("{other: ignore}"));
  EXPECT_EQ(error.others().size(), 1U);
  DebLayerParameters ignoring;
  ignoring.ignore_scripts = {"toy"};
  EXPECT_EQ(unpack({deb}, ignoring).facts.packages.size(), 1U);
  DebLayerParameters running;
  running.run_scripts = {"toy"};
  EXPECT_EQ(unpack({deb}, running).facts.packages.size(), 1U);
}

TEST(DebLayer, HighestAlternativeThatExistsWins) {
  DebBuilder low = DebBuilder::named("low")
                       .file("usr/bin/low", "x")
                       .script("postinst", "update-alternatives --install /usr/bin/tool tool /usr/bin/low 5\n");
  DebBuilder high = DebBuilder::named("high").file("usr/bin/high", "x");
  high.script("postinst",
              "update-alternatives --install /usr/bin/tool tool /usr/bin/high 50\n"
              "update-alternatives --install /usr/bin/tool tool /usr/bin/absent 90\n");
  const ReadLayer layer = unpack({low, high});
  EXPECT_EQ(layer.entries.at("usr/bin/tool").entry.link_target, "/etc/alternatives/tool");
  EXPECT_EQ(layer.entries.at("etc/alternatives/tool").entry.link_target, "/usr/bin/high");
}

TEST(DebLayer, SettingsThatAreNotCompiledAreAWarning) {
  EXPECT_TRUE(unpack({DebBuilder().file("usr/share/x", "x")}).facts.warnings.empty());
  const ReadLayer layer = unpack({DebBuilder().file("usr/share/glib-2.0/schemas/x.gschema.xml", "x")});
  ASSERT_EQ(layer.facts.warnings.size(), 1U);
  EXPECT_THAT(layer.facts.warnings.front(), HasSubstr("GSettings"));
}

TEST(DebLayer, BaseHasTheSkeletonNoPackageShips) {
  const ReadLayer layer = unpack(tiny_base(), as_base());
  for (const char* link : {"bin", "sbin", "lib", "lib64"})
    EXPECT_EQ(layer.entries.at(link).entry.link_target, std::string("usr/") + link);
  EXPECT_EQ(layer.entries.at("var/run").entry.link_target, "/run");
  EXPECT_EQ(layer.mode("tmp"), 01777U);
  EXPECT_EQ(layer.mode("var/tmp"), 01777U);
  EXPECT_EQ(layer.mode("root"), 0700U);
  for (const char* mount : {"dev", "proc", "sys", "run"})
    EXPECT_EQ(layer.entries.at(mount).entry.type, TarType::Directory);
}

TEST(DebLayer, UpperLayersHaveNoLinksOfTheirOwn) {
  const ReadLayer layer = unpack({DebBuilder().file("lib/x", "x")});
  EXPECT_FALSE(layer.has("lib"));
  EXPECT_FALSE(layer.has("tmp"));
}

TEST(DebLayer, VenvMakesUsrLocalThePrefix) {
  DebLayerParameters parameters = as_base();
  parameters.venv_python = "3.11";
  auto debs = tiny_base();
  DebBuilder python = DebBuilder::named("python3.11-minimal").file("usr/bin/python3.11", "elf", 0755);
  python.version = "3.11.2-6+deb12u9";
  debs.push_back(python);
  const ReadLayer layer = unpack(debs, parameters);
  EXPECT_EQ(layer.content("usr/local/pyvenv.cfg"),
            "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n");
  EXPECT_EQ(layer.entries.at("usr/local/bin/python").entry.link_target, "/usr/bin/python3.11");
  EXPECT_EQ(layer.entries.at("usr/local/lib/python3.11/site-packages").entry.type, TarType::Directory);
  EXPECT_THAT(failure(tiny_base(), parameters).message(), HasSubstr("no package of the base ships the interpreter"));
}

TEST(DebLayer, RefusesPackagesThatAreNotWhatTheLockSays) {
  MemoryStore store;
  DebInput input = put_deb(store, DebBuilder().file("usr/x", "x"));
  input.version = "2.0-1";
  EXPECT_THROW(make_and_read(DebLayerRecipe({input}, {}), store), Error);
}

TEST(DebLayer, RefusesEntriesBelowALink) {
  DebBuilder deb = DebBuilder().symlink("usr/share/toy", "/etc").file("usr/share/toy/passwd", "root::0:0::/:\n");
  EXPECT_THAT(failure({deb}).message(), HasSubstr("which is no directory"));
}

TEST(DebLayer, RefusesFilesOnTheRuntimesMounts) {
  EXPECT_EQ(failure({DebBuilder().file("dev/null", "x")}).kind(), ErrorKind::Foreign);
  EXPECT_EQ(failure({DebBuilder().file("proc/1/mem", "x")}).kind(), ErrorKind::Foreign);
}

TEST(DebLayer, RefusesHardLinksToWhatIsNotThere) {
  EXPECT_EQ(failure({DebBuilder().hard_link("usr/x", "etc/shadow")}).kind(), ErrorKind::Foreign);
  DebBuilder loop;
  loop.hard_link("usr/a", "usr/b").hard_link("usr/b", "usr/a");
  EXPECT_EQ(failure({loop}).kind(), ErrorKind::Foreign);
}

TEST(DebLayer, RefusesAFileTwiceInOnePackage) {
  EXPECT_EQ(failure({DebBuilder().file("bin/x", "1").file("usr/bin/x", "2")}).kind(), ErrorKind::Foreign);
}

TEST(DebLayer, ParametersThatChangeBytesChangeTheKey) {
  const std::vector<DebInput> inputs = {{"toy", "1", "amd64", BlobDigest()}};
  const auto key = [&](const auto& change) {
    DebLayerParameters parameters;
    change(parameters);
    return DebLayerRecipe(inputs, parameters).card().key();
  };
  const StepKey plain = key([](DebLayerParameters&) {});
  EXPECT_EQ(plain, key([](DebLayerParameters&) {}));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.is_base = true; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.epoch_seconds = 1; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.database = DpkgDatabase::StatusFile; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.venv_python = "3.11"; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.keep_documentation = true; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.include_shadow = false; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.ignore_scripts = {"toy"}; }));
  EXPECT_EQ(plain, key([](DebLayerParameters& p) { p.ignore_scripts = {"of-another-layer"}; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.merged_usr = false; }));
  EXPECT_NE(plain, key([](DebLayerParameters& p) { p.base_status = BlobDigest(); }));
}

/// One line an entry, and the tar's digest: what a reader of the layer would see.
std::string listing(const ReadLayer& layer) {
  std::string text;
  for (const auto& [path, read] : layer.entries) {
    const TarEntry& entry = read.entry;
    text += fmt::format("{} {:04o} {}:{} {:>6} {}{}{}\n", static_cast<char>(entry.type), entry.mode, entry.uid,
                        entry.gid, entry.size_bytes, path, entry.link_target.empty() ? "" : " -> ", entry.link_target);
  }
  return text + "diffID " + layer.facts.diff_id.to_string() + "\n";
}

TEST(DebLayer, TinyBaseIsTheGoldenOne) {
  const std::string made = listing(unpack(tiny_base(), as_base()));
  const std::string file = test::source_dir() / "tests/data/layer/tiny_deb_base.txt";
  if (std::getenv("MLBUILD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << made;
    GTEST_SKIP() << "golden file rewritten";
  }
  std::stringstream golden;
  golden << std::ifstream(file).rdbuf();
  EXPECT_EQ(made, golden.str());
}

}  // namespace
}  // namespace mlbuild::test
