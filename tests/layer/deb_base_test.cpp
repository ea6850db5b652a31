#include "debian/apt_root.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/base_set.hpp"
#include "mlbuild/debian/closure.hpp"
#include "mlbuild/io/borrowed_source.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/base_directories.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The real bases, made of the packages that the host's apt offers, and started in a chroot.
namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

constexpr const char* kProof = R"(
import bz2, ctypes, curses, decimal, hashlib, lzma, pwd, readline, sqlite3, ssl, sys, sysconfig, tempfile, uuid, zlib, zoneinfo
print("certificates", ssl.create_default_context().cert_store_stats()["x509_ca"] > 100)
print("root", pwd.getpwuid(0).pw_dir, tempfile.gettempdir(), zoneinfo.ZoneInfo("Europe/Berlin"))
print("paths", sys.prefix, sysconfig.get_paths()["purelib"], sysconfig.get_paths()["scripts"])
)";

class DebBase : public ::testing::Test {
 protected:
  LayerFacts build(bool slim) {
    const debian::PackagesIndex index = apt_.index();
    const debian::BaseSet set = debian::base_set(slim, "3.11");
    debian::ClosureRequest request;
    request.wanted = set.wanted;
    std::vector<const debian::Package*> packages;
    for (const auto& member : debian::resolve_closure(index, request)) packages.push_back(member.package);
    const auto files = apt_.download(packages);
    std::vector<DebInput> inputs;
    for (std::size_t i = 0; i < packages.size(); ++i) inputs.push_back(keep(*packages[i], files[i]));
    DebLayerParameters parameters;
    parameters.is_base = true;
    parameters.venv_python = "3.11";
    parameters.include_shadow = slim;
    parameters.drop_packages = set.dropped;
    return make_layer(DebLayerRecipe(inputs, parameters), store_);
  }

  /// Those of other mode or owner than 0755 and root, as "PATH MODE OWNER".
  std::vector<std::string> unusual_directories(const LayerFacts& facts) {
    std::vector<std::string> directories;
    const auto layer = store_.stream(facts.digest);
    const auto tar = decompress(std::make_unique<BorrowedSource>(*layer));
    read_tar(*tar, [&](const TarEntry& entry, Source&) {
      const DirectoryAttributes attributes{entry.mode, entry.uid, entry.gid};
      if (entry.type == TarType::Directory && attributes != DirectoryAttributes{})
        directories.push_back(entry.path + " " + to_string(attributes));
    });
    return directories;
  }

  CommandResult run_in(const LayerFacts& facts, const std::vector<std::string>& argv) {
    const auto root = directory_.path() / "root";
    std::filesystem::create_directories(root);
    const auto layer = store_.stream(facts.digest);
    unpack_layers({layer.get()}, root, Cancellation());
    Command command;
    command.argv = {"chroot", root.string()};
    if (::geteuid() != 0) command.argv.insert(command.argv.begin(), {"unshare", "--map-root-user"});
    command.argv.insert(command.argv.end(), argv.begin(), argv.end());
    command.env = {{"PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
    return run_command(command, Cancellation());
  }

 private:
  DebInput keep(const debian::Package& package, const std::filesystem::path& file) {
    const auto writer = store_.begin();
    FileSource source(file);
    copy(source, *writer);
    return {package.name, package.version, package.architecture, writer->commit(package.sha256)};
  }

  AptRoot apt_;
  TempDir directory_;
  DiskStore store_{directory_.path() / "store"};
};

std::vector<std::string> known_directories(std::vector<std::string> more = {}) {
  for (const auto& [path, attributes] : own_base_directories()) more.push_back(path + " " + to_string(attributes));
  return more;
}

void expect_python_works(const CommandResult& result) {
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_THAT(result.out, HasSubstr("certificates True\n"));
  EXPECT_THAT(result.out, HasSubstr("root /root /tmp Europe/Berlin\n"));
  EXPECT_THAT(result.out, HasSubstr("paths /usr/local /usr/local/lib/python3.11/site-packages /usr/local/bin\n"));
}

TEST_F(DebBase, SlimIsSmallAndItsPythonWorks) {
  const LayerFacts facts = build(true);
  EXPECT_LT(facts.size_bytes, 36'000'000U);
  // The two are the limit of which docs/formats/layer.md tells.
  EXPECT_THAT(
      unusual_directories(facts),
      UnorderedElementsAreArray(known_directories({"etc/ssl/private 0700 0:0", "var/cache/ldconfig 0700 0:0"})));
  expect_python_works(run_in(facts, {"/bin/sh", "-c", "python -c \"$0\"", kProof}));
}

TEST_F(DebBase, DistrolessIsSmallerAndItsPythonWorks) {
  const LayerFacts facts = build(false);
  EXPECT_LT(facts.size_bytes, 18'000'000U);
  EXPECT_THAT(unusual_directories(facts), UnorderedElementsAreArray(known_directories()));
  expect_python_works(run_in(facts, {"/usr/local/bin/python", "-c", kProof}));
  EXPECT_FALSE(run_in(facts, {"/bin/sh", "-c", "true"}).ok());
}

}  // namespace
}  // namespace mlbuild::test
