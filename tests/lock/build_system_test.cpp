#include "../../src/lock/build_system.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;

class OwnedSource final : public Source {
 public:
  explicit OwnedSource(Bytes bytes) : bytes_(std::move(bytes)), rest_(bytes_) {}
  std::size_t read(MutableByteSpan buffer) override { return rest_.read(buffer); }

 private:
  Bytes bytes_;
  SpanSource rest_;
};

std::unique_ptr<Source> tar_gz(const std::vector<std::pair<std::string, std::string>>& files) {
  BytesSink tar;
  for (const auto& [path, content] : files) {
    TarEntry entry;
    entry.path = path;
    entry.size_bytes = content.size();
    tar.write(as_bytes(tar_header(entry)));
    tar.write(as_bytes(content));
    tar.write(as_bytes(std::string(tar_padding_bytes(content.size()), '\0')));
  }
  tar.write(tar_end_of_archive());
  return std::make_unique<OwnedSource>(Deflater(6).gzip_member(tar.bytes()));
}

TEST(BuildSystem, ReadsTheTopPyprojectOnly) {
  const auto requirements =
      read_build_requirements(tar_gz({{"toy-1/pyproject.toml", "[build-system]\nrequires = [\"flit_core<4\"]\n"},
                                      {"toy-1/tests/pyproject.toml", "[build-system]\nrequires = [\"evil\"]\n"}}));
  EXPECT_THAT(requirements, ElementsAre("flit_core<4"));
}

// PEP 517, "Source trees": without pyproject.toml, setuptools builds.
TEST(BuildSystem, DefaultIsSetuptools) {
  EXPECT_THAT(read_build_requirements(tar_gz({{"toy-1/setup.py", ""}})), ElementsAre("setuptools>=40.8.0", "wheel"));
  EXPECT_THAT(parse_build_requirements("[tool.x]\ny = 1\n"), ElementsAre("setuptools>=40.8.0", "wheel"));
}

TEST(BuildSystem, OldSetuptoolsGetsItsWheel) {
  EXPECT_THAT(parse_build_requirements("[build-system]\nrequires = [\"Setuptools>=61\"]\n"),
              ElementsAre("Setuptools>=61", "wheel"));
}

TEST(BuildSystem, RefusesMalformedOnes) {
  for (const char* text :
       {"[build-system]\nrequires = [1]\n", "[build-system", "[build-system]\nrequires = [\"--index-url=x\"]\n",
        "[build-system]\nrequires = [\"a\\nb\"]\n"}) {
    EXPECT_THROW(parse_build_requirements(text), Error) << text;
  }
}

}  // namespace
}  // namespace mlbuild::test
