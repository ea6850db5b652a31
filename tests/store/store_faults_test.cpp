// Disk full and sudden death. Each case forks: the child is the builder that meets the fault.

#include "store/store_support.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/disk_store.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

namespace mlbuild::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Runs `body` in a child process; its result is the child's exit status.
pid_t start(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    ::_exit(body());
  } catch (...) {
    ::_exit(99);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

/// As if the disk had room for `bytes` more in one file.
void limit_files(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// 0 when `body` throws Error{Io} that names a path.
int expect_io_error(const std::function<void()>& body) {
  try {
    body();
    return 1;
  } catch (const Error& error) {
    return error.kind() == ErrorKind::Io && error.message().find("/store/") != std::string::npos ? 0 : 2;
  }
}

TEST(StoreFaults, AFullDiskLeavesNothingVisible) {
  const StorePlace place;
  DiskStore(place.root).put(key_of("before"), "facts");
  const std::string large(2 << 20, 'x');
  const pid_t child = start([&] {
    DiskStore store(place.root);
    limit_files(1 << 20);
    return expect_io_error([&] { put_blob(store, large); });
  });
  EXPECT_EQ(wait_for(child), 0);
  DiskStore store(place.root);
  EXPECT_FALSE(store.find(digest_of(large)));
  EXPECT_EQ(count_entries(place.root / "tmp"), 0U);
  EXPECT_EQ(store.get(key_of("before")), "facts");
  EXPECT_EQ(read_blob(store, put_blob(store, large)), large);  // with room again, all is well
}

TEST(StoreFaults, AFullDiskKeepsFactsAndVirtualBlobsOutToo) {
  const StorePlace place;
  DiskStore(place.root).put(key_of("k"), "old");
  const pid_t child = start([&] {
    DiskStore store(place.root);
    limit_files(100);
    const VirtualExample example;
    const int facts = expect_io_error([&] { store.put(key_of("k"), std::string(200, 'x')); });
    const int segments =
        expect_io_error([&] { store.put_virtual(digest_of(example.whole), example.whole.size(), example.segments()); });
    const int card =
        expect_io_error([&] { store.remember_card("id", KeyCard("kind", 1).set("a", std::string(200, 'x'))); });
    return facts + 10 * segments + 30 * card;
  });
  EXPECT_EQ(wait_for(child), 0);
  DiskStore store(place.root);
  EXPECT_EQ(store.get(key_of("k")), "old");
  EXPECT_EQ(count_entries(place.root / "tmp"), 0U);
  EXPECT_EQ(store.usage().virtual_blobs, 0U);
}

TEST(StoreFaults, ABlobThatCannotBeWrittenInPiecesIsNotCommitted) {
  const StorePlace place;
  const pid_t child = start([&] {
    DiskStore store(place.root);
    limit_files(300 << 10);
    const std::unique_ptr<BlobWriter> writer = store.begin();
    return expect_io_error([&] {
      for (int i = 0; i < 100; ++i) writer->write(as_bytes(std::string(10000, 'x')));
      writer->commit();
    });
  });
  EXPECT_EQ(wait_for(child), 0);
}

/// Puts all kinds of things, over and over, deterministically by `seed`.
[[noreturn]] int build_forever(const fs::path& root, unsigned seed) {
  DiskStore store(root);
  std::mt19937 random(seed);
  for (unsigned i = 0;; ++i) {
    const std::string source = std::to_string(i % 5) + std::string(random() % 300000, 'x');
    const BlobDigest digest = put_blob(store, source);
    const std::string whole = "head" + source.substr(0, source.size() / 2);
    const auto head = as_bytes("head");
    store.put_virtual(digest_of(whole), whole.size(),
                      {InlineSegment{Bytes(head.begin(), head.end())}, RangeSegment{digest, 0, source.size() / 2}});
    store.put(key_of(std::to_string(i % 7)), source.substr(0, 1000));
    store.remember_card("step" + std::to_string(i % 3), KeyCard("kind", 1).set("i", std::to_string(i)));
    store.tree(key_of(std::to_string(i)), [&](const fs::path& tree) { std::ofstream(tree / "file") << source; });
  }
}

TEST(StoreFaults, IsWholeAfterKill9AtAnyMoment) {
  const StorePlace place;
  std::mt19937 random(11);
  for (unsigned round = 0; round < 40; ++round) {
    const pid_t one = start([&] { return build_forever(place.root, 2 * round); });
    const pid_t two = start([&] { return build_forever(place.root, 2 * round + 1); });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
    for (const pid_t child : {one, two}) {
      ::kill(child, SIGKILL);
      EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
    }
    for (const StoreDamage& damage : verify_store(place.root, false))
      ADD_FAILURE() << damage.what << ": " << damage.why;
    DiskStore store(place.root);
    EXPECT_EQ(read_blob(store, put_blob(store, "next run " + std::to_string(round))),
              "next run " + std::to_string(round));
  }
  for (const auto& tree : fs::directory_iterator(place.root / "trees")) EXPECT_TRUE(fs::exists(tree.path() / "file"));
  EXPECT_GT(DiskStore(place.root).usage().blobs, 40U);
  collect_garbage(place.root, 24h);
  EXPECT_EQ(count_entries(place.root / "tmp"), 0U);
}

TEST(StoreFaults, IsWholeAfterKill9OfGc) {
  std::mt19937 random(5);
  for (unsigned round = 0; round < 20; ++round) {
    const StorePlace place;
    {
      DiskStore store(place.root);
      for (int i = 0; i < 20; ++i) store.put(key_of(std::to_string(i)), "facts");
      put_blob(store, "blob");
      store.tree(key_of("t"), [&](const fs::path& tree) {
        for (int i = 0; i < 50; ++i) std::ofstream(tree / std::to_string(i)) << i;
      });
    }
    const pid_t child = start([&] {
      collect_garbage(place.root, 0s);
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    ::kill(child, SIGKILL);
    wait_for(child);
    EXPECT_TRUE(verify_store(place.root, false).empty());
    DiskStore store(place.root);
    const fs::path tree = store.tree(key_of("t"), [&](const fs::path& root) { std::ofstream(root / "49") << "x"; });
    EXPECT_TRUE(fs::exists(tree / "49"));  // whole or made again, never half
  }
}

}  // namespace
}  // namespace mlbuild::test
