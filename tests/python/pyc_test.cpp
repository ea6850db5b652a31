#include "mlbuild/python/pyc.hpp"

#include "support/pyc_builder.hpp"
#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mlbuild::python {
namespace {

using ::testing::HasSubstr;

using namespace mlbuild::test::pyc;

std::string canonical(const std::string& pyc, std::string_view version = "3.11") {
  return std::string(as_text(canonical_pyc(as_bytes(pyc), pyc_format(version).value())));
}
std::string canonical_code(const std::vector<std::string>& constants, const std::string& names = tuple({})) {
  return canonical(pyc_of(code(constants, names)));
}
std::string refusal(const std::string& pyc) {
  try {
    canonical(pyc);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    return error.message();
  }
  return "";
}

TEST(Pyc, LiesWhereTheInterpreterLooks) {
  const PycFormat format = pyc_format("3.11").value();
  EXPECT_EQ(pyc_path("usr/lib/a/b.py", format), "usr/lib/a/__pycache__/b.cpython-311.pyc");
  EXPECT_EQ(pyc_path("six.py", format), "__pycache__/six.cpython-311.pyc");
  EXPECT_EQ(pyc_path("a/x.y.py", pyc_format("3.9").value()), "a/__pycache__/x.y.cpython-39.pyc");
}

TEST(Pyc, OnlyKnownVersionsHaveAFormat) {
  for (const char* version : {"3.8", "3.9", "3.10", "3.11", "3.12", "3.13"})
    EXPECT_TRUE(pyc_format(version)) << version;
  for (const char* version : {"2.7", "3.7", "3.14", "3", ""}) EXPECT_FALSE(pyc_format(version)) << version;
}

TEST(CanonicalPyc, MarksOfWhatIsNotReferredToAreLost) {
  EXPECT_EQ(canonical_code({text("some words", 'z', kRef), tuple({"N"}, kRef)}),
            canonical_code({text("some words"), tuple({"N"})}));
  EXPECT_EQ(canonical(pyc_of(code({"N"}, tuple({}), kRef))), canonical(pyc_of(code({"N"}))));
}

TEST(CanonicalPyc, EqualValuesAreOneObjectHoweverTheyWereWritten) {
  const std::string by_reference = canonical_code({text("some words", 'z', kRef), "r" + u32(0)});
  EXPECT_EQ(by_reference, canonical_code({text("some words"), text("some words")}));
  EXPECT_EQ(by_reference, canonical_code({"a" + u32(10) + "some words", text("some words", 'Z')}));
  EXPECT_THAT(by_reference, HasSubstr(text("some words", 'z', kRef) + "r"));
}

TEST(CanonicalPyc, DifferentValuesStayDifferent) {
  const std::string zero = "g" + std::string(8, '\0'), minus_zero = "g" + std::string(7, '\0') + "\x80";
  EXPECT_THAT(canonical_code({zero, minus_zero}), HasSubstr(zero + minus_zero));
  const std::string one = "i" + u32(1);
  EXPECT_THAT(canonical_code({tuple({one}), tuple({"T"})}), HasSubstr(tuple({one}) + tuple({"T"})));
}

TEST(CanonicalPyc, CodeObjectsAreNeverMerged) {
  const std::string function = code({"N"});
  const std::string made = canonical_code({function, function});
  std::size_t count = 0;
  for (std::size_t at = made.find(raw("\x97").substr(5)); at != std::string::npos; at = made.find('\x97', at + 1))
    ++count;
  EXPECT_EQ(count, 1U);                                                    // their bytes are one object,
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(made, 'c')), 3U);  // they are not
}

TEST(CanonicalPyc, NamesAndWhatLooksLikeOneAreInternedAndNothingElse) {
  const std::string made = canonical_code({text("word_1"), text("two words", 'Z'), text("os.path")},
                                          tuple({text("print"), text("os.path")}));
  EXPECT_THAT(made, HasSubstr(text("word_1", 'Z')));
  EXPECT_THAT(made, HasSubstr(text("two words", 'z')));
  EXPECT_THAT(made, HasSubstr(text("print", 'Z')));
  EXPECT_THAT(made, HasSubstr(text("os.path", 'Z', kRef)));  // a name somewhere, so everywhere: it is one object
}

TEST(CanonicalPyc, SetsHaveOneOrder) {
  EXPECT_EQ(canonical_code({frozen_set({text("b"), text("a"), "N"})}),
            canonical_code({frozen_set({"N", text("a", 'z', kRef), text("b", 'Z')})}));
}

TEST(CanonicalPyc, IsItsOwnCanonicalForm) {
  const std::string once = canonical_code({text("x"), text("x"), code({tuple({text("x")})}), frozen_set({"T", "F"})});
  EXPECT_EQ(canonical(once), once);
}

TEST(CanonicalPyc, EveryTruncationIsRefused) {
  const std::string whole =
      pyc_of(code({"N", "i" + u32(7), "l" + u32(2) + "abcd", text("x", 'z', kRef), "r" + u32(0), raw("bytes")}));
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
  EXPECT_THAT(refusal(whole + "N"), HasSubstr("bytes behind"));
}

TEST(CanonicalPyc, HostileBytesAreRefused) {
  EXPECT_THAT(refusal(pyc_of(code({"(" + u32(0x7fffffff)}))), HasSubstr("ends early"));
  EXPECT_THAT(refusal(pyc_of(code({"l" + u32(0x80000000)}))), HasSubstr("ends early"));
  EXPECT_THAT(refusal(pyc_of(code({"r" + u32(9)}))), HasSubstr("refers to an object"));
  EXPECT_THAT(refusal(pyc_of(code({"r" + u32(0)}, tuple({}), kRef))), HasSubstr("contains itself"));
  EXPECT_THAT(refusal(pyc_of(code({"[" + u32(0)}))), HasSubstr("an object of type 0x5b"));
  EXPECT_THAT(refusal(pyc_of(code({"N"}, tuple({"N"})))), HasSubstr("a name that is no string"));
  EXPECT_THAT(refusal(pyc_of(tuple({}))), HasSubstr("no code object"));
  std::string deep;
  for (int i = 0; i < 3000; ++i) deep += std::string(")\1", 2);
  EXPECT_THAT(refusal(pyc_of(code({deep + "N"}))), HasSubstr("nested too deeply"));
}

/// Each level refers to the one before: no nesting in the file is deep, the tree is.
TEST(CanonicalPyc, DepthByReferencesIsBoundedToo) {
  std::vector<std::string> levels{tuple({}, kRef)};
  for (std::uint32_t i = 0; i < 200; ++i) {
    std::string level = tuple({"r" + u32(i)});
    for (int j = 0; j < 50; ++j) level = tuple({level});
    level[0] = static_cast<char>(')' | kRef);
    levels.push_back(level);
  }
  EXPECT_THAT(refusal(pyc_of(code(levels))), HasSubstr("nested too deeply"));
}

TEST(CanonicalPyc, AnotherPythonsOrAnotherKindOfFileIsRefused) {
  EXPECT_THROW(canonical(pyc_of(code({"N"})), "3.12"), Error);
  std::string timestamped = pyc_of(code({"N"}));
  timestamped[4] = 0;
  EXPECT_THAT(refusal(timestamped), HasSubstr("unchecked hash-based"));
}

/// docs/formats/pyc.md: a changed file is a changed digest for every user.
TEST(CanonicalPyc, IsAsItWas) {
  const std::string made = canonical_code({text("same"), text("some words"), tuple({text("same"), "N"}),
                                           frozen_set({text("b"), text("a")}), code({text("some words")})},
                                          tuple({text("print")}));
  const std::filesystem::path golden = test::source_dir() / "tests/data/python/canonical-311.pyc";
  if (std::getenv("MLBUILD_UPDATE_GOLDEN") != nullptr) {
    write_file_atomically(golden, made);
    GTEST_SKIP() << "golden file rewritten";
  }
  EXPECT_EQ(made, read_text_file(golden));
}

}  // namespace
}  // namespace mlbuild::python
