// The contract of BlobStore and KeyIndex, for the store in memory and the one on disk.

#include "store/store_support.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

struct MemoryPair {
  MemoryStore store;
  MemoryKeyIndex keys;
  BlobStore& blobs() { return store; }
  KeyIndex& index() { return keys; }
};

struct DiskPair {
  StorePlace place;
  DiskStore store{place.root};
  BlobStore& blobs() { return store; }
  KeyIndex& index() { return store; }
};

template <class Pair>
class StoreContract : public testing::Test {
 protected:
  Pair pair_;
  BlobStore& store() { return pair_.blobs(); }
  KeyIndex& index() { return pair_.index(); }
};
using Kinds = testing::Types<MemoryPair, DiskPair>;
TYPED_TEST_SUITE(StoreContract, Kinds);

template <class Body>
ErrorKind kind_of_failure(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

TYPED_TEST(StoreContract, GivesBackWhatWasPut) {
  const BlobDigest digest = put_blob(this->store(), "some bytes");
  EXPECT_EQ(digest, digest_of("some bytes"));
  EXPECT_EQ(this->store().find(digest), 10U);
  EXPECT_EQ(read_blob(this->store(), digest), "some bytes");
  EXPECT_EQ(as_text(read_all(*this->store().open(digest), 100)), "some bytes");
}

TYPED_TEST(StoreContract, SplitWritesMakeOneBlob) {
  const std::unique_ptr<BlobWriter> writer = this->store().begin();
  std::string whole;
  for (int i = 0; i < 3000; ++i) {
    const std::string part(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    writer->write(as_bytes(part));
    whole += part;
  }
  EXPECT_EQ(read_blob(this->store(), writer->commit(digest_of(whole))), whole);
}

TYPED_TEST(StoreContract, KeepsAnEmptyBlob) {
  EXPECT_EQ(this->store().find(put_blob(this->store(), "")), 0U);
  EXPECT_EQ(read_blob(this->store(), digest_of("")), "");
}

TYPED_TEST(StoreContract, NothingIsVisibleBeforeCommit) {
  {
    const std::unique_ptr<BlobWriter> writer = this->store().begin();
    writer->write(as_bytes("abc"));
    EXPECT_FALSE(this->store().find(digest_of("abc")));
  }
  EXPECT_FALSE(this->store().find(digest_of("abc")));
}

TYPED_TEST(StoreContract, KeepsNothingWhenAnotherDigestWasExpected) {
  const std::unique_ptr<BlobWriter> writer = this->store().begin();
  writer->write(as_bytes("abc"));
  EXPECT_EQ(kind_of_failure([&] { writer->commit(digest_of("other")); }), ErrorKind::Foreign);
  EXPECT_FALSE(this->store().find(digest_of("abc")));
  EXPECT_FALSE(this->store().find(digest_of("other")));
}

TYPED_TEST(StoreContract, SaysWhenABlobIsAbsent) {
  EXPECT_EQ(this->store().find(digest_of("absent")), std::nullopt);
  EXPECT_EQ(kind_of_failure([&] { this->store().open(digest_of("absent")); }), ErrorKind::Io);
  EXPECT_EQ(kind_of_failure([&] { this->store().stream(digest_of("absent")); }), ErrorKind::Io);
}

TYPED_TEST(StoreContract, StreamsVirtualBlobs) {
  const VirtualExample example;
  const BlobDigest digest = example.put(this->store());
  EXPECT_EQ(this->store().find(digest), example.whole.size());
  EXPECT_EQ(read_blob(this->store(), digest), example.whole);
}

TYPED_TEST(StoreContract, AVirtualBlobIsAbsentWithoutItsSources) {
  const VirtualExample example;
  this->store().put_virtual(digest_of(example.whole), example.whole.size(), example.segments());
  EXPECT_EQ(this->store().find(digest_of(example.whole)), std::nullopt);
  EXPECT_EQ(kind_of_failure([&] { read_blob(this->store(), digest_of(example.whole)); }), ErrorKind::Io);
}

TYPED_TEST(StoreContract, AVirtualBlobThatIsNotItsDigestIsNoticedAtTheEnd) {
  const VirtualExample example;
  put_blob(this->store(), example.source);
  this->store().put_virtual(digest_of("something else"), example.whole.size(), example.segments());
  EXPECT_EQ(kind_of_failure([&] { read_blob(this->store(), digest_of("something else")); }), ErrorKind::Foreign);
}

TYPED_TEST(StoreContract, RemembersFactsAndCards) {
  EXPECT_EQ(this->index().get(key_of("k")), std::nullopt);
  this->index().put(key_of("k"), "{\"a\":1}");
  this->index().put(key_of("k"), "{\"a\":2}");
  EXPECT_EQ(this->index().get(key_of("k")), "{\"a\":2}");
  EXPECT_FALSE(this->index().last_card("step/one"));
  this->index().remember_card("step/one", KeyCard("kind", 1).set("a", "b"));
  this->index().remember_card("step/one", KeyCard("kind", 2).set("a", "c"));
  EXPECT_EQ(this->index().last_card("step/one")->version(), 2);
}

}  // namespace
}  // namespace mlbuild::test
