#include "mlbuild/store/disk_store.hpp"

#include "riding_check.hpp"
#include "store/store_support.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

namespace mlbuild::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string failure_of(const std::function<void()>& body, ErrorKind kind) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_FALSE(error.hint_text().empty()) << error.what();
    return error.message();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(DiskStore, IsPrivate) {
  const StorePlace place;
  const DiskStore store(place.root);
  struct stat status {};
  ASSERT_EQ(::stat(place.root.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(DiskStore, LeavesTheModeOfADirectoryThatTheUserMade) {
  const StorePlace place;
  fs::create_directory(place.root);
  fs::permissions(place.root, fs::perms(0755));
  const DiskStore store(place.root);
  EXPECT_EQ(fs::status(place.root).permissions(), fs::perms(0755));
}

TEST(DiskStore, IsFoundAgainByTheNextProcess) {
  const StorePlace place;
  const VirtualExample example;
  {
    DiskStore store(place.root);
    example.put(store);
    store.put(key_of("k"), "facts");
    store.remember_card("id", KeyCard("kind", 1));
  }
  DiskStore store(place.root);
  EXPECT_EQ(read_blob(store, digest_of(example.whole)), example.whole);
  EXPECT_EQ(store.get(key_of("k")), "facts");
  EXPECT_TRUE(store.last_card("id"));
}

TEST(DiskStore, LeavesNothingInTmp) {
  const StorePlace place;
  DiskStore store(place.root);
  put_blob(store, "a");
  put_blob(store, "a");
  store.begin()->write(as_bytes(std::string(1 << 20, 'x')));  // never committed
  store.put(key_of("k"), "facts");
  EXPECT_EQ(count_entries(place.root / "tmp"), 0U);
}

TEST(DiskStore, LooksAtTheFrontOfAVirtualBlobOnlyToFindIt) {
  const StorePlace place;
  DiskStore store(place.root);
  const VirtualExample example;
  example.put(store);
  const fs::path file = place.virtual_blob(example.whole);
  const std::string content = read_text_file(file);
  overwrite(file, content.substr(0, content.size() - 40));
  EXPECT_EQ(store.find(digest_of(example.whole)), example.whole.size());
  failure_of([&] { read_blob(store, digest_of(example.whole)); }, ErrorKind::Foreign);
  EXPECT_FALSE(fs::exists(file));
}

TEST(DiskStore, WritesNothingWhenNothingIsNew) {
  const StorePlace place;
  const VirtualExample example;
  DiskStore(place.root).put(key_of("k"), "facts");
  {
    DiskStore store(place.root);
    example.put(store);
  }
  const auto before = snapshot(place.root);
  DiskStore store(place.root);
  store.find(digest_of(example.whole));
  store.get(key_of("k"));
  read_blob(store, digest_of(example.whole));
  EXPECT_EQ(snapshot(place.root), before);
}

TEST(DiskStore, NotesUseAfterAnHour) {
  const StorePlace place;
  DiskStore store(place.root);
  put_blob(store, "old");
  put_blob(store, "young");
  set_age(place.blob("old"), 2h);
  set_age(place.blob("young"), 30min);
  const std::int64_t young = mtime_of(place.blob("young"));
  store.find(digest_of("old"));
  store.find(digest_of("young"));
  EXPECT_GE(mtime_of(place.blob("old")), std::time(nullptr) - 60);
  EXPECT_EQ(mtime_of(place.blob("young")), young);
}

TEST(DiskStore, MovesADamagedBlobAsideAtFirstUse) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  overwrite(place.blob("precious"), "PRECIOUS");
  DiskStore store(place.root);
  failure_of([&] { store.open(digest_of("precious")); }, ErrorKind::Foreign);
  EXPECT_FALSE(store.find(digest_of("precious")));
  EXPECT_EQ(count_entries(place.root / "quarantine"), 1U);
  put_blob(store, "precious");  // what the next run does
  EXPECT_EQ(read_blob(store, digest_of("precious")), "precious");
}

TEST(DiskStore, MovesADamagedBlobAsideWhileStreaming) {
  for (const std::string& damage : {std::string("PRECIOUS"), std::string("precious+"), std::string("preciou")}) {
    const StorePlace place;
    put_blob(*std::make_unique<DiskStore>(place.root), "precious");
    overwrite(place.blob("precious"), damage);
    DiskStore store(place.root);
    failure_of([&] { read_blob(store, digest_of("precious")); }, ErrorKind::Foreign);
    EXPECT_FALSE(store.find(digest_of("precious"))) << damage;
  }
}

/// Another process finds the damage of "precious" first, and has it anew.
void repair(const StorePlace& place) {
  DiskStore other(place.root);
  failure_of([&] { other.open(digest_of("precious")); }, ErrorKind::Foreign);
  put_blob(other, "precious");
}

TEST(DiskStore, WhatWasRepairedWhileADamagedBlobIsStreamedStays) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  overwrite(place.blob("precious"), "PRECIOUS");
  DiskStore store(place.root);
  const std::unique_ptr<Source> stream = store.stream(digest_of("precious"));
  repair(place);
  failure_of([&] { read_all(*stream, 100); }, ErrorKind::Foreign);
  EXPECT_EQ(read_blob(store, digest_of("precious")), "precious");
}

TEST(DiskStore, WhatWasRepairedWhileACheckRidesAlongStays) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  overwrite(place.blob("precious"), "PRECIOUS");
  DiskStore store(place.root);
  const BlobInCheck blob = store.open_in_check(digest_of("precious"));
  repair(place);
  failure_of([&] { blob.check->finish(); }, ErrorKind::Foreign);
  EXPECT_EQ(read_blob(store, digest_of("precious")), "precious");
}

TEST(DiskStore, AFileOfNoBytesIsAMiss) {
  // What an unclean stop leaves on file systems that were not told to sync.
  const StorePlace place;
  DiskStore store(place.root);
  put_blob(store, "precious");
  overwrite(place.blob("precious"), "");
  EXPECT_FALSE(store.find(digest_of("precious")));
  put_blob(store, "");
  EXPECT_EQ(store.find(digest_of("")), 0U);
}

TEST(DiskStore, PathOfVerifiesToo) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  EXPECT_EQ(read_text_file(DiskStore(place.root).path_of(digest_of("precious"))), "precious");
  overwrite(place.blob("precious"), "PRECIOUS");
  failure_of([&] { DiskStore(place.root).path_of(digest_of("precious")); }, ErrorKind::Foreign);
  failure_of([&] { DiskStore(place.root).path_of(digest_of("precious")); }, ErrorKind::Io);
}

TEST(DiskStore, FindsTheDamagedSourceOfAVirtualBlob) {
  const StorePlace place;
  const VirtualExample example;
  example.put(*std::make_unique<DiskStore>(place.root));
  overwrite(place.blob(example.source), "0123x56789");
  DiskStore store(place.root);
  failure_of([&] { read_blob(store, digest_of(example.whole)); }, ErrorKind::Foreign);
  EXPECT_FALSE(fs::exists(place.blob(example.source)));
  EXPECT_TRUE(fs::exists(place.virtual_blob(example.whole)));
  put_blob(store, example.source);  // fetched again, and the layer need not be made again
  EXPECT_EQ(read_blob(store, digest_of(example.whole)), example.whole);
}

TEST(DiskStore, FindsAShortenedSourceOfAVirtualBlob) {
  const StorePlace place;
  const VirtualExample example;
  DiskStore store(place.root);
  example.put(store);
  overwrite(place.blob(example.source), "012");
  failure_of([&] { read_blob(store, digest_of(example.whole)); }, ErrorKind::Foreign);
  EXPECT_FALSE(fs::exists(place.blob(example.source)));
}

TEST(DiskStore, MovesAVirtualBlobAsideThatLies) {
  const StorePlace place;
  const VirtualExample example;
  DiskStore store(place.root);
  put_blob(store, example.source);
  store.put_virtual(digest_of("other"), example.whole.size(), example.segments());
  failure_of([&] { read_blob(store, digest_of("other")); }, ErrorKind::Foreign);
  EXPECT_FALSE(fs::exists(place.virtual_blob("other")));
  EXPECT_TRUE(store.find(digest_of(example.source)));
}

TEST(DiskStore, AVirtualBlobThatWasMadeAnewWhileALieIsStreamedStays) {
  const StorePlace place;
  VirtualExample example;
  DiskStore store(place.root);
  put_blob(store, example.source);
  const BlobDigest digest = digest_of("head2345fine");
  store.put_virtual(digest, example.whole.size(), example.segments());
  const std::unique_ptr<Source> stream = store.stream(digest);
  SegmentList segments = example.segments();
  segments.back() = InlineSegment{Bytes(as_bytes("fine").begin(), as_bytes("fine").end())};
  store.put_virtual(digest, example.whole.size(), segments);
  failure_of([&] { read_all(*stream, 100); }, ErrorKind::Foreign);
  EXPECT_EQ(read_blob(store, digest), "head2345fine");
}

// The wrong digest shows that nothing is hashed a second time.
TEST(DiskStore, WhatThisProcessHashedIsHeldAgainstItsCrc) {
  const StorePlace place;
  const VirtualExample example;
  DiskStore store(place.root);
  put_blob(store, example.source);
  const std::uint32_t crc = crc32(0, as_bytes(example.whole));
  store.put_hashed(digest_of("other"), example.whole.size(), example.segments(), crc);
  EXPECT_EQ(read_blob(store, digest_of("other")), example.whole);
  DiskStore next_process(place.root);
  failure_of([&] { read_blob(next_process, digest_of("other")); }, ErrorKind::Foreign);
}

TEST(DiskStore, FindsWhatWasDamagedSinceItWasHashed) {
  for (const char* const damaged : {"01234x6789", "012"}) {
    const StorePlace place;
    const VirtualExample example;
    DiskStore store(place.root);
    put_blob(store, example.source);
    const std::uint32_t crc = crc32(0, as_bytes(example.whole));
    store.put_hashed(digest_of(example.whole), example.whole.size(), example.segments(), crc);
    overwrite(place.blob(example.source), damaged);
    failure_of([&] { read_blob(store, digest_of(example.whole)); }, ErrorKind::Foreign);
    EXPECT_FALSE(fs::exists(place.blob(example.source))) << damaged;
  }
}

TEST(DiskStore, ACheckThatRidesAlongFindsDamageAtItsEnd) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  overwrite(place.blob("precious"), "precioux");
  DiskStore store(place.root);
  const BlobInCheck blob = store.open_in_check(digest_of("precious"));
  ASSERT_TRUE(blob.check);
  LaneSha256 hash;
  blob.check->ride(hash, as_bytes("pre"));
  failure_of([&] { blob.check->finish(); }, ErrorKind::Foreign);
  EXPECT_FALSE(fs::exists(place.blob("precious")));
  EXPECT_EQ(hash.finish(), sha256("pre"));
}

TEST(DiskStore, ABlobIsCheckedOnceHoweverItIsOpened) {
  const StorePlace place;
  put_blob(*std::make_unique<DiskStore>(place.root), "precious");
  DiskStore store(place.root);
  const BlobInCheck first = store.open_in_check(digest_of("precious"));
  EXPECT_EQ(store.open_in_check(digest_of("precious")).check, first.check);
  store.open(digest_of("precious"));  // ends the check that goes on
  EXPECT_FALSE(store.open_in_check(digest_of("precious")).check);
  first.check->finish();
}

/// Counts what is read.
class CountedFile final : public RandomAccess {
 public:
  CountedFile(std::string_view content, std::uint64_t& read_bytes) : content_(content), read_bytes_(read_bytes) {}
  std::uint64_t size_bytes() const override { return content_.size(); }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override {
    read_bytes_ += buffer.size();
    std::ranges::copy(as_bytes(content_.substr(offset, buffer.size())), buffer.begin());
  }

 private:
  std::string_view content_;
  std::uint64_t& read_bytes_;
};

TEST(RidingCheck, ReadsTheFileOnceWhoeverComesAlong) {
  const std::string content(1'000'000, 'x');
  std::uint64_t read_bytes = 0;
  std::optional<BlobDigest> found;
  RidingCheck check(std::make_unique<CountedFile>(content, read_bytes),
                    [&](const BlobDigest& digest) { found = digest; });
  parallel_for(2, 2, [&](std::size_t i) {
    const std::string bytes(500'000 + i, 'y');
    LaneSha256 hash;
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
      check.ride(hash, as_bytes(std::string_view(bytes).substr(at, 1000)));
    }
    EXPECT_EQ(hash.finish(), sha256(bytes));
  });
  check.finish();
  EXPECT_EQ(found, digest_of(content));
  EXPECT_EQ(read_bytes, content.size());
}

TEST(DiskStore, TruncatedEmptyOrChangedFactsAreMisses) {
  const StorePlace place;
  DiskStore store(place.root);
  store.put(key_of("k"), "{\"fact\":1}");
  const std::string good = read_text_file(place.key(key_of("k")));
  for (std::size_t size = 0; size < good.size(); ++size) {
    overwrite(place.key(key_of("k")), good.substr(0, size));
    EXPECT_EQ(store.get(key_of("k")), std::nullopt) << size;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    overwrite(place.key(key_of("k")), bad);
    EXPECT_EQ(store.get(key_of("k")), std::nullopt) << i;
  }
  store.put(key_of("k"), "again");
  EXPECT_EQ(store.get(key_of("k")), "again");
}

TEST(DiskStore, ADamagedCardIsAMiss) {
  const StorePlace place;
  DiskStore store(place.root);
  store.remember_card("id", KeyCard("kind", 1));
  for (const auto& entry : fs::recursive_directory_iterator(place.root / "cards")) {
    if (entry.is_regular_file()) overwrite(entry.path(), "x");
  }
  EXPECT_FALSE(store.last_card("id"));
}

TEST(DiskStore, ManyThreadsMayPutAndReadTheSame) {
  const StorePlace place;
  DiskStore store(place.root);
  parallel_for(8, 64, [&](std::size_t i) {
    const std::string text(10000 + i % 4, 'x');
    const BlobDigest digest = put_blob(store, text);
    EXPECT_EQ(read_blob(store, digest), text);
    EXPECT_EQ(store.open(digest)->size_bytes(), text.size());
    store.put(key_of(text), text);
    EXPECT_EQ(store.get(key_of(text)), text);
  });
  EXPECT_EQ(store.usage().blobs, 4U);
}

TEST(DiskStore, TwoStoresMayShareADirectory) {
  const StorePlace place;
  DiskStore one(place.root), two(place.root);
  put_blob(one, "a");
  EXPECT_EQ(read_blob(two, digest_of("a")), "a");
}

TEST(DiskStore, SaysWhereItCannotBeMade) {
  const StorePlace place;
  std::ofstream(place.directory.path() / "file") << "x";
  try {
    DiskStore store(place.directory.path() / "file/store");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_NE(error.message().find("/file"), std::string::npos) << error.message();
  }
}

TEST(DiskStore, ListsAndCounts) {
  const StorePlace place;
  DiskStore store(place.root);
  const VirtualExample example;
  example.put(store);
  store.put(key_of("k"), "facts");
  store.tree(key_of("t"), [](const fs::path& root) { std::ofstream(root / "file") << "12345"; });
  const DiskStore::Usage usage = store.usage();
  EXPECT_EQ(usage.blobs, 1U);
  EXPECT_EQ(usage.blob_bytes, example.source.size());
  EXPECT_EQ(usage.virtual_blobs, 1U);
  EXPECT_EQ(usage.keys, 1U);
  EXPECT_EQ(usage.trees, 1U);
  EXPECT_EQ(usage.tree_bytes, 5U);
  const std::vector<DiskStore::Listed> listed = store.list();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].digest, digest_of(example.source));
  EXPECT_TRUE(listed[1].is_virtual);
  EXPECT_EQ(listed[1].size_bytes, example.whole.size());
}

TEST(DiskStoreTree, IsFilledOnce) {
  const StorePlace place;
  DiskStore store(place.root);
  int fills = 0;
  const auto fill = [&](const fs::path& root) {
    ++fills;
    std::ofstream(root / "file") << "x";
  };
  const fs::path first = store.tree(key_of("t"), fill);
  EXPECT_EQ(store.tree(key_of("t"), fill), first);
  EXPECT_EQ(fills, 1);
  EXPECT_EQ(read_text_file(first / "file"), "x");
}

TEST(DiskStoreTree, IsNotThereWhenFillingFailed) {
  const StorePlace place;
  DiskStore store(place.root);
  const auto fail = [](const fs::path& root) {
    std::ofstream(root / "half") << "x";
    throw Error(ErrorKind::Step, "no");
  };
  EXPECT_THROW(store.tree(key_of("t"), fail), Error);
  EXPECT_EQ(count_entries(place.root / "trees"), 0U);
  const fs::path tree = store.tree(key_of("t"), [](const fs::path&) {});
  EXPECT_FALSE(fs::exists(tree / "half"));
}

TEST(DiskStoreTree, IsFilledByOneThreadWhileOthersWait) {
  const StorePlace place;
  DiskStore store(place.root);
  std::atomic<int> fills = 0;
  parallel_for(8, 8, [&](std::size_t) {
    const fs::path tree = store.tree(key_of("t"), [&](const fs::path& root) {
      ++fills;
      std::this_thread::sleep_for(20ms);
      std::ofstream(root / "file") << "x";
    });
    EXPECT_TRUE(fs::exists(tree / "file"));
  });
  EXPECT_EQ(fills, 1);
}

TEST(DiskStoreTree, SurvivesARootWithoutWriteBitAndAnOldTime) {
  const StorePlace place;
  DiskStore store(place.root);
  const fs::path tree = store.tree(key_of("t"), [](const fs::path& root) {
    fs::permissions(root, fs::perms(0555));
    set_age(root, 24h * 365 * 40);
  });
  EXPECT_GE(mtime_of(tree), std::time(nullptr) - 60);
}

}  // namespace
}  // namespace mlbuild::test
