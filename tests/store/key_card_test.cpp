#include "mlbuild/store/key_card.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>

namespace mlbuild {
namespace {

TEST(KeyCard, NamesTheFieldThatMovedTheKey) {
  const KeyCard before = KeyCard("wheel-layer", 1).set("wheel", "sha256:aa").set("prune", "tests");
  const KeyCard now = KeyCard("wheel-layer", 1).set("wheel", "sha256:bb").set("prune", "tests");
  EXPECT_NE(before.key(), now.key());
  EXPECT_EQ(diff(before, now), (std::vector<CardChange>{{"wheel", "sha256:aa", "sha256:bb"}}));
}

TEST(KeyCard, HasTheDocumentedForm) {
  // docs/formats/key-card.md, "Example"; the key is what sha256sum says of the text.
  const KeyCard card = KeyCard("wheel-layer", 3).set("wheel", "sha256:aa").set("deflate", "libdeflate-1.14");
  EXPECT_EQ(card.to_json(),
            R"({"fields":{"deflate":"libdeflate-1.14","wheel":"sha256:aa"},"kind":"wheel-layer","version":3})");
  EXPECT_EQ(card.key().hex(), "2d2d53172888b19fa78516ee7ca3bd51410519baf16790252ead60c0e2e59ad8");
}

TEST(KeyCard, HasOneKeyWhateverTheOrderOfItsFields) {
  std::vector<int> order(40);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random(3);
  std::optional<StepKey> first;
  for (int round = 0; round < 20; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    KeyCard card("kind", 1);
    for (const int i : order) card.set("field" + std::to_string(i), std::to_string(i));
    if (!first) first = card.key();
    ASSERT_EQ(card.key(), *first);
  }
}

TEST(KeyCard, CannotSetAFieldTwice) {
  KeyCard card("kind", 1);
  card.set("a", "1");
  try {
    card.set("a", "1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Internal);
  }
}

TEST(KeyCard, TellsFieldsApartThatLookAlikeWhenJoined) {
  EXPECT_NE(KeyCard("k", 1).set("a", "b\",\"c\":\"d").key(), KeyCard("k", 1).set("a", "b").set("c", "d").key());
}

TEST(KeyCard, ReadsWhatItWrites) {
  const KeyCard card = KeyCard("k", 7).set("text", "quote\" back\\slash \n é").set("", "empty name");
  const KeyCard again = KeyCard::parse(card.to_json());
  EXPECT_EQ(again.to_json(), card.to_json());
  EXPECT_TRUE(diff(card, again).empty());
}

TEST(KeyCard, ReportsKindVersionAddedAndRemovedFields) {
  const KeyCard before = KeyCard("a", 1).set("gone", "1").set("same", "2");
  const KeyCard after = KeyCard("b", 2).set("new", "3").set("same", "2");
  EXPECT_EQ(diff(before, after),
            (std::vector<CardChange>{{"kind", "a", "b"}, {"version", "1", "2"}, {"gone", "1", ""}, {"new", "", "3"}}));
}

TEST(KeyCard, RefusesWhatIsNoCard) {
  for (const char* text :
       {"", "[]", "{}", "null", R"({"kind":"k","version":1})", R"({"fields":{"a":1},"kind":"k","version":1})",
        R"({"fields":[["a","b"]],"kind":"k","version":1})", R"({"fields":{},"kind":1,"version":1})",
        R"({"fields":{},"kind":"k","version":1.5})", R"({"fields":{},"kind":"k","version":99999999999})",
        R"({"fields":{},"kind":"k","version":1,"more":2})"}) {
    try {
      KeyCard::parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign) << text;
    }
  }
}

TEST(KeyCard, SurvivesDeepNesting) { EXPECT_THROW(KeyCard::parse(std::string(100000, '[')), Error); }

TEST(KeyCard, SaysWhichNameIsNotUtf8) {
  const KeyCard card = KeyCard("files", 1).set("file", "app/caf\xe9.py");
  try {
    card.key();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("app/caf\\xe9.py"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace mlbuild
