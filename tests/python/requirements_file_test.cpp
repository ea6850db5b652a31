#include "mlbuild/python/requirement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mlbuild::python {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Folder {
  std::map<std::string, std::string> files;
  Diagnostics diagnostics;

  RequirementsFile read(const std::string& path = "r.txt") {
    const auto open = [this](const std::string& name) {
      const auto found = files.find(name);
      if (found == files.end()) throw Error(ErrorKind::Spec, "there is no file `" + name + "`");
      return found->second;
    };
    return parse_requirements_file(path, open, diagnostics);
  }
};

std::vector<std::string> texts(const std::vector<Requirement>& requirements) {
  std::vector<std::string> result;
  for (const Requirement& requirement : requirements) result.push_back(requirement.text);
  return result;
}

Error only_mistake(const std::string& line) {
  Folder folder{{{"r.txt", "numpy\n" + line + "\n"}}, {}};
  folder.read();
  EXPECT_EQ(folder.diagnostics.errors().size(), 1U) << line;
  return folder.diagnostics.errors().empty() ? Error(ErrorKind::Internal, "none") : folder.diagnostics.errors().front();
}

TEST(RequirementsFile, SkipsCommentsAndBlankLines) {
  Folder folder{
      {{"r.txt",
        "\xEF\xBB\xBF# top\r\n\r\nnumpy==1.26.4  # why\r\n  pandas\r\ntoy @ https://example.com/toy.whl#x=1\n"}},
      {}};
  const RequirementsFile file = folder.read();
  EXPECT_THAT(texts(file.requirements),
              ElementsAre("numpy==1.26.4", "pandas", "toy @ https://example.com/toy.whl#x=1"));
  EXPECT_EQ(file.requirements[0].location, (Location{"r.txt", 3, 1, 13}));
  EXPECT_EQ(file.requirements[1].location, (Location{"r.txt", 4, 3, 6}));
  EXPECT_TRUE(folder.diagnostics.empty());
}

TEST(RequirementsFile, JoinsContinuedLines) {
  const std::string hash(64, '0');
  Folder folder{
      {{"r.txt", "numpy==1.26.4 \\\n    --hash=sha256:" + hash + " \\\n    --hash=sha256:" + hash + "\npandas\\"}}, {}};
  const RequirementsFile file = folder.read();
  EXPECT_THAT(texts(file.requirements), ElementsAre("numpy==1.26.4", "pandas"));
  EXPECT_EQ(file.requirements[0].hashes.size(), 2U);
  EXPECT_EQ(file.requirements[1].location.line, 4U);
}

TEST(RequirementsFile, IncludesRelativeToTheIncludingFile) {
  Folder folder{{{"req/all.txt", "-r base.txt\n-c../limits.txt\n--requirement=../r.txt"},
                 {"req/base.txt", "a"},
                 {"limits.txt", "c<2"},
                 {"r.txt", "b"}},
                {}};
  const RequirementsFile file = folder.read("req/all.txt");
  EXPECT_THAT(texts(file.requirements), ElementsAre("a", "b"));
  EXPECT_THAT(texts(file.constraints), ElementsAre("c<2"));
  EXPECT_THAT(file.files, ElementsAre("req/all.txt", "req/base.txt", "limits.txt", "r.txt"));
  EXPECT_EQ(file.requirements[0].location.file, "req/base.txt");
}

TEST(RequirementsFile, HandsIndexesToTheCaller) {
  Folder folder{{{"r.txt",
                  "-i https://one.example/simple\n--extra-index-url 'https://two.example/simple'\n--only-binary "
                  ":all:\n--prefer-binary"}},
                {}};
  const RequirementsFile file = folder.read();
  EXPECT_EQ(file.index_url, "https://one.example/simple");
  EXPECT_THAT(file.extra_index_urls, ElementsAre("https://two.example/simple"));
  EXPECT_TRUE(folder.diagnostics.empty());
}

TEST(RequirementsFile, OptionsWithoutMeaningNameTheLineAndTheWayOut) {
  EXPECT_EQ(only_mistake("-e .").location(), (Location{"r.txt", 2, 1, 4}));
  EXPECT_THAT(only_mistake("--no-binary numpy").hint_text(), HasSubstr("sdists"));
  EXPECT_THAT(only_mistake("--find-links=wheels").hint_text(), HasSubstr("python.indexes"));
  EXPECT_THAT(only_mistake("--requirements x.txt").hint_text(), HasSubstr("--requirement"));
  EXPECT_THAT(only_mistake("-r").message(), HasSubstr("needs a value"));
  EXPECT_THAT(only_mistake("--index-url https://${USER}@x/").hint_text(), HasSubstr("never expanded"));
}

TEST(RequirementsFile, StaysInTheSpecsDirectory) {
  for (const char* line : {"-r ../x.txt", "-r /etc/passwd", "-r a/../../x.txt"})
    EXPECT_THAT(only_mistake(line).message(), HasSubstr("leaves the spec's directory")) << line;
  EXPECT_THAT(only_mistake("-r https://example.com/r.txt").message(), HasSubstr("is a URL"));
}

TEST(RequirementsFile, RefusesCycles) {
  EXPECT_THAT(only_mistake("-r r.txt").message(), HasSubstr("includes itself"));
  Folder folder{{{"r.txt", "-r b.txt"}, {"b.txt", "x\n-r ./r.txt"}}, {}};
  folder.read();
  ASSERT_EQ(folder.diagnostics.errors().size(), 1U);
  EXPECT_EQ(folder.diagnostics.errors()[0].location().file, "b.txt");
}

TEST(RequirementsFile, MissingIncludePointsAtItsLine) {
  EXPECT_EQ(only_mistake("-r missing.txt").location(), (Location{"r.txt", 2, 1, 14}));
}

TEST(RequirementsFile, ReportsAllMistakesInOneRun) {
  Folder folder{{{"r.txt", "a=1\nb==\n-e .\nc\n"}}, {}};
  EXPECT_THAT(texts(folder.read().requirements), ElementsAre("c"));
  EXPECT_EQ(folder.diagnostics.errors().size(), 3U);
}

TEST(RequirementsFile, RequireHashesWantsThemOnEachLine) {
  EXPECT_THAT(only_mistake("--require-hashes").message(), HasSubstr("`numpy` has no hash"));
}

}  // namespace
}  // namespace mlbuild::python
