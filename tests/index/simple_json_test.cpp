#include "mlbuild/base/error.hpp"
#include "mlbuild/index/python_index.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

constexpr const char* kBase = "https://index.example/simple/toy/";
const std::string kHex(64, 'a');

std::string page(const std::string& files) {
  return R"({"meta":{"api-version":"1.1"},"name":"toy","files":[)" + files + "]}";
}

// After the example of PEP 691, "Project Detail", with `size` of PEP 700.
TEST(SimpleJson, ReadsEveryField) {
  const auto files =
      parse_simple_json(page(R"({"filename":"toy-1.0.tar.gz","url":"../../f/toy-1.0.tar.gz","hashes":{"sha256":")" +
                             kHex + R"(","blake2b":"00"},"requires-python":">=3.7","size":1337,"yanked":"broken"})"),
                        kBase);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].filename, "toy-1.0.tar.gz");
  EXPECT_EQ(files[0].url, "https://index.example/f/toy-1.0.tar.gz");
  EXPECT_EQ(files[0].sha256, BlobDigest::parse(kHex));
  EXPECT_EQ(files[0].requires_python, ">=3.7");
  EXPECT_EQ(files[0].size_bytes, 1337U);
  EXPECT_TRUE(files[0].yanked);
}

TEST(SimpleJson, OptionalFieldsMayBeMissingOrNull) {
  const auto files = parse_simple_json(
      page(R"({"filename":"a.whl","url":"/a.whl"},{"filename":"b.whl","url":"/b.whl","hashes":{},"size":null,)"
           R"("requires-python":null,"yanked":false})"),
      kBase);
  ASSERT_EQ(files.size(), 2U);
  for (const IndexFile& file : files) {
    EXPECT_FALSE(file.sha256);
    EXPECT_FALSE(file.size_bytes);
    EXPECT_FALSE(file.yanked);
    EXPECT_EQ(file.requires_python, "");
  }
}

TEST(SimpleJson, LeavesOutFilesWithoutAPlainNameOrUsableUrl) {
  const auto files = parse_simple_json(
      page(
          R"({"filename":"../evil.whl","url":"/a.whl"},{"filename":"a/b.whl","url":"/a.whl"},{"filename":"","url":"/a.whl"},)"
          R"({"filename":"a.whl","url":"file:///etc/passwd"},{"filename":"a.whl","url":"ftp://x/a.whl"})"),
      kBase);
  EXPECT_TRUE(files.empty());
}

TEST(SimpleJson, MalformedPagesAreForeignErrors) {
  const std::string malformed[] = {"",
                                   "<html>",
                                   "[]",
                                   "{}",
                                   R"({"meta":{"api-version":"2.0"},"files":[]})",
                                   R"({"meta":{"api-version":"1.0"}})",
                                   R"({"meta":{"api-version":1},"files":[]})",
                                   page("1"),
                                   page(R"({"filename":1,"url":"/a"})"),
                                   page(R"({"filename":"a","url":"/a","hashes":[]})"),
                                   page(R"({"filename":"a","url":"/a","hashes":{"sha256":"xyz"}})"),
                                   std::string(100000, '[')};
  for (const std::string& text : malformed) {
    try {
      parse_simple_json(text, kBase);
      ADD_FAILURE() << text.substr(0, 100);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign) << text.substr(0, 100);
    }
  }
}

}  // namespace
}  // namespace mlbuild
