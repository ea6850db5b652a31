#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/python/wheel.hpp"

#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

TEST(Record, ReadsRowsWithAndWithoutHash) {
  const auto rows = parse_record("toy.py,sha256=abc_-,12\r\n\r\ntoy-1.dist-info/RECORD,,\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].path, "toy.py");
  EXPECT_EQ(rows[0].hash_algorithm, "sha256");
  EXPECT_EQ(rows[0].hash_value, "abc_-");
  EXPECT_EQ(rows[0].size_bytes, 12U);
  EXPECT_EQ(rows[1].hash_algorithm, "");
  EXPECT_FALSE(rows[1].size_bytes);
}

TEST(Record, QuotedPathsSurviveARoundTrip) {
  const std::vector<RecordRow> rows = {
      {"a,b", "", "", {}}, {"say \"hi\"", "sha256", "x", 1}, {"two\nlines", "", "", 3}};
  const std::string text = format_record(rows);
  EXPECT_EQ(text, "\"a,b\",,\n\"say \"\"hi\"\"\",sha256=x,1\n\"two\nlines\",,3\n");
  const auto again = parse_record(text);
  ASSERT_EQ(again.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(again[i].path, rows[i].path);
}

TEST(Record, RefusesBrokenCsv) {
  for (const char* text : {"a", "a,", "a,b,1", "a,=x,1", "a,sha256=x,one", "a,sha256=x,-1", ",,", "\"a", "\"a\"b,,",
                           "a\"b,,", "a,,,x", "a,,99999999999999999999999"}) {
    EXPECT_THROW(parse_record(text), Error) << text;
  }
}

// FIPS 180-4's "abc" as urlsafe base64 of the 32 bytes.
TEST(Record, HashIsUrlsafeBase64WithoutPadding) {
  EXPECT_EQ(record_hash(sha256("abc")), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

}  // namespace
}  // namespace mlbuild::python
