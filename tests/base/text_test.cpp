#include "mlbuild/base/text.hpp"

#include "mlbuild/base/digest.hpp"
#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(Text, SplitKeepsEmptyFieldsAndLinesDropTheLastEmptyOne) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split_lines("a\r\n\nb\n"), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_TRUE(split_lines("").empty());
}

TEST(Text, NearestWordFindsASlipAndNothingFarAway) {
  const std::vector<std::string> words{"requirements", "platforms", "config"};
  EXPECT_EQ(nearest_word("requirement", words), "requirements");
  EXPECT_EQ(nearest_word("confg", words), "config");
  EXPECT_EQ(nearest_word("ocnfig", words), "config");
  EXPECT_EQ(nearest_word("zebra", words), std::nullopt);
}

TEST(Text, BytesAreToldInTheUnitsOfRegistries) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1200), "1.2 kB");
  EXPECT_EQ(human_bytes(999999), "1.0 MB");
  EXPECT_EQ(human_bytes(2884000000), "2.9 GB");
}

TEST(Text, ControlAndBrokenBytesBecomeEscapes) {
  EXPECT_EQ(printable("a\x1b[2J"), "a\\x1b[2J");
  EXPECT_EQ(printable("\xff"
                      "caf\xc3\xa9"),
            "\\xff"
            "caf\xc3\xa9");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "C1 controls move cursors too";
}

TEST(Text, Utf8IsCheckedAsRfc3629Says) {
  EXPECT_TRUE(is_valid_utf8("na\xc3\xafve \xf0\x9f\x90\x8d"));
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(is_valid_utf8("\xe2\x82"));          // cut
}

TEST(Digest, ReadsItsOwnTextAndRefusesOtherForms) {
  const std::string hex(64, 'a');
  EXPECT_EQ(BlobDigest::parse("sha256:" + hex).hex(), hex);
  EXPECT_THROW(BlobDigest::parse("sha256:" + hex.substr(1)), Error);
  EXPECT_THROW(BlobDigest::parse("sha256:../../../../" + hex.substr(12)), Error);
  EXPECT_THROW(BlobDigest::parse("sha512:" + hex), Error);
  EXPECT_THROW(BlobDigest::parse(std::string(64, 'A')), Error) << "upper case would give one blob two names";
}

TEST(Error, TheFirstPlaceAndHintWin) {
  Error error(ErrorKind::Spec, "x");
  error.at({"inner", 1, 1, 1}).at({"outer", 2, 2, 2}).hint("first").hint("second");
  EXPECT_EQ(error.location().file, "inner");
  EXPECT_EQ(error.hint_text(), "first");
}

TEST(Error, ContextIsFormattedOnlyOnFailure) {
  int formatted = 0;
  const auto describe = [&] {
    ++formatted;
    return std::string("while testing");
  };
  EXPECT_EQ(with_context(describe, [] { return 7; }), 7);
  EXPECT_EQ(formatted, 0);
  EXPECT_THROW(with_context(describe, []() -> int { throw Error(ErrorKind::Io, "x"); }), Error);
  EXPECT_EQ(formatted, 1);
}

TEST(Error, ExitCodesAreThoseOfTheHelp) {
  EXPECT_EQ(exit_code(ErrorKind::Step), 1);
  EXPECT_EQ(exit_code(ErrorKind::Spec), 2);
  EXPECT_EQ(exit_code(ErrorKind::Network), 3);
  EXPECT_EQ(exit_code(ErrorKind::Gate), 4);
  EXPECT_EQ(exit_code(ErrorKind::Internal), 70);
  EXPECT_EQ(exit_code(ErrorKind::Interrupted), 130);
}

}  // namespace
}  // namespace mlbuild
