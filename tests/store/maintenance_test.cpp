#include "io/throws.hpp"
#include "store/store_support.hpp"
#include "support/ordinary_user.hpp"

#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/file_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace mlbuild::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kDay = 24h;

/// Everything a store may hold.
struct FullStore : StorePlace {
  VirtualExample example;
  FullStore() {
    DiskStore store(root);
    example.put(store);
    put_blob(store, "alone");
    store.put(key_of("k"), "facts");
    store.remember_card("id", KeyCard("kind", 1));
    store.tree(key_of("t"), [](const fs::path& tree) { std::ofstream(tree / "file") << "12345"; });
  }
};

TEST(CollectGarbage, KeepsWhatIsYoung) {
  const FullStore place;
  const auto before = DiskStore(place.root).list();
  const GcResult result = collect_garbage(place.root, kDay);
  EXPECT_EQ(DiskStore(place.root).list().size(), before.size());
  EXPECT_EQ(DiskStore(place.root).usage().trees, 1U);
  EXPECT_TRUE(DiskStore(place.root).get(key_of("k")));
  EXPECT_GT(result.kept_bytes, 0U);
}

TEST(CollectGarbage, RemovesEverythingAtAgeZero) {
  const FullStore place;
  const GcResult result = collect_garbage(place.root, 0s);
  DiskStore store(place.root);
  EXPECT_TRUE(store.list().empty());
  EXPECT_EQ(store.usage().trees, 0U);
  EXPECT_FALSE(store.get(key_of("k")));
  EXPECT_FALSE(store.last_card("id"));
  EXPECT_EQ(result.kept_bytes, 0U);
  EXPECT_GE(result.removed_files, 6U);
}

TEST(CollectGarbage, RemovesWhatIsOldAndCountsIt) {
  const FullStore place;
  set_age(place.blob("alone"), 3 * kDay);
  const GcResult result = collect_garbage(place.root, 2 * kDay);
  EXPECT_FALSE(fs::exists(place.blob("alone")));
  EXPECT_TRUE(fs::exists(place.blob(place.example.source)));
  EXPECT_GE(result.removed_bytes, 5U);
}

TEST(CollectGarbage, KeepsTheOldSourcesOfAYoungVirtualBlob) {
  const FullStore place;
  set_age(place.blob(place.example.source), 100 * kDay);
  collect_garbage(place.root, kDay);
  DiskStore store(place.root);
  EXPECT_EQ(read_blob(store, digest_of(place.example.whole)), place.example.whole);
}

TEST(CollectGarbage, RemovesSourcesTogetherWithTheirVirtualBlob) {
  const FullStore place;
  set_age(place.blob(place.example.source), 100 * kDay);
  set_age(place.virtual_blob(place.example.whole), 100 * kDay);
  collect_garbage(place.root, kDay);
  EXPECT_FALSE(fs::exists(place.blob(place.example.source)));
  EXPECT_FALSE(fs::exists(place.virtual_blob(place.example.whole)));
}

TEST(CollectGarbage, RemovesTheLitterOfDeadWriters) {
  const FullStore place;
  std::ofstream(place.root / "tmp/file-dead01") << "half a blob";
  fs::create_directories(place.root / "tmp/tree-dead01/root/usr");
  std::ofstream(place.root / "tmp/tree-dead01/root/usr/half") << "x";
  fs::permissions(place.root / "tmp/tree-dead01/root/usr", fs::perms(0));
  std::ofstream(place.root / "quarantine/bad") << "x";
  std::ofstream(place.root / "blobs/sha256/not-a-digest") << "x";
  collect_garbage(place.root, kDay);
  EXPECT_EQ(count_entries(place.root / "tmp"), 0U);
  EXPECT_EQ(count_entries(place.root / "quarantine"), 0U);
  EXPECT_FALSE(fs::exists(place.root / "blobs/sha256/not-a-digest"));
}

TEST(CollectGarbage, WhatCannotBeRemovedDoesNotKeepTheRest) {
  const OrdinaryUser user;
  const FullStore place;
  std::ofstream(place.root / "tmp/file-dead01") << "half a blob";
  fs::permissions(place.root / "tmp", fs::perms{0500});
  expect_error(ErrorKind::Io, "cannot remove `" + (place.root / "tmp/file-dead01").string() + "`",
               [&] { collect_garbage(place.root, 0s); });
  fs::permissions(place.root / "tmp", fs::perms{0700});
  DiskStore store(place.root);
  EXPECT_TRUE(store.list().empty());
  EXPECT_FALSE(store.get(key_of("k")));
  EXPECT_EQ(store.usage().trees, 1U);  // it would go by way of tmp
}

TEST(CollectGarbage, RemovesACacheOfAToolThatWasBegunLongAgo) {
  const StorePlace place;
  const fs::path cache = DiskStore(place.root).tool_cache("uv");
  std::ofstream(cache / "old") << "12345";
  set_age(place.root / "tool-cache", 3 * kDay);
  std::ofstream(cache / "young") << "12345";  // it is in use
  EXPECT_EQ(DiskStore(place.root).usage().tool_cache_bytes, 10U);
  EXPECT_EQ(collect_garbage(place.root, 4 * kDay).kept_bytes, 10U);
  EXPECT_EQ(collect_garbage(place.root, 2 * kDay).removed_bytes, 10U);
  EXPECT_FALSE(fs::exists(cache));
  DiskStore(place.root).tool_cache("uv");
  collect_garbage(place.root, kDay);
  EXPECT_TRUE(fs::exists(cache));
}

TEST(CollectGarbage, WaitsForRunningBuilds) {
  const FullStore place;
  auto build = std::make_unique<DiskStore>(place.root);
  std::atomic<bool> done = false;
  std::thread gc([&] {
    collect_garbage(place.root, 0s);
    done = true;
  });
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(done);
  EXPECT_EQ(read_blob(*build, digest_of("alone")), "alone");
  build.reset();
  gc.join();
  EXPECT_TRUE(DiskStore(place.root).list().empty());
}

TEST(CollectGarbage, LeavesDirectoriesAloneThatAreNoStore) {
  const TempDir directory;
  fs::create_directories(directory.path() / "tmp");
  std::ofstream(directory.path() / "tmp/precious") << "x";
  EXPECT_EQ(collect_garbage(directory.path(), 0s).removed_files, 0U);
  EXPECT_TRUE(fs::exists(directory.path() / "tmp/precious"));
  EXPECT_EQ(collect_garbage(directory.path() / "missing", 0s).removed_files, 0U);
  EXPECT_FALSE(fs::exists(directory.path() / "missing"));
}

TEST(CollectGarbage, TakesAnyAge) {
  const FullStore place;
  EXPECT_EQ(collect_garbage(place.root, std::chrono::seconds(std::int64_t{86400} * 4294967295)).removed_bytes, 0U);
}

TEST(VerifyStore, FindsNothingInAGoodStore) {
  const FullStore place;
  EXPECT_TRUE(verify_store(place.root, false).empty());
  EXPECT_TRUE(verify_store(place.root / "missing", true).empty());
}

TEST(VerifyStore, FindsEveryKindOfDamageAndChangesNothing) {
  const FullStore place;
  overwrite(place.blob("alone"), "alonE");
  const std::string segments = read_text_file(place.virtual_blob(place.example.whole));
  overwrite(place.virtual_blob(place.example.whole), segments.substr(1));
  overwrite(place.key(key_of("k")), "");
  std::ofstream(place.root / "blobs/sha256/stray") << "x";
  const auto before = snapshot(place.root);
  const std::vector<StoreDamage> damages = verify_store(place.root, false);
  ASSERT_EQ(damages.size(), 4U);
  EXPECT_EQ(damages[0].what, "blobs/sha256/" + digest_of("alone").hex());
  EXPECT_EQ(damages[0].why, "its bytes have digest " + digest_of("alonE").to_string());
  EXPECT_EQ(damages[1].what, "blobs/sha256/stray");
  EXPECT_EQ(snapshot(place.root), before);
}

TEST(VerifyStore, RepairMovesDamageAside) {
  const FullStore place;
  overwrite(place.blob("alone"), "alonE");
  EXPECT_EQ(verify_store(place.root, true).size(), 1U);
  EXPECT_TRUE(verify_store(place.root, true).empty());
  EXPECT_FALSE(DiskStore(place.root).find(digest_of("alone")));
}

TEST(VerifyStore, FindsAVirtualBlobWhoseSegmentsMakeOtherBytes) {
  const FullStore place;
  DiskStore(place.root).put_virtual(digest_of("lie"), place.example.whole.size(), place.example.segments());
  const std::vector<StoreDamage> damages = verify_store(place.root, false);
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].why, "its segments make " + digest_of(place.example.whole).to_string());
}

TEST(VerifyStore, BlamesTheSourceNotTheVirtualBlob) {
  const FullStore place;
  overwrite(place.blob(place.example.source), "x");
  const std::vector<StoreDamage> damages = verify_store(place.root, false);
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].what, "blobs/sha256/" + digest_of(place.example.source).hex());
}

}  // namespace
}  // namespace mlbuild::test
