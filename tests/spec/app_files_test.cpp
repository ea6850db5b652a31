#include "mlbuild/spec/spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AppFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("mlbuild-app-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "spec");
    spec_.directory = root_ / "spec";
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text = "x") const {
    fs::create_directories((spec_.directory / name).parent_path());
    std::ofstream(spec_.directory / name) << text;
  }
  void copy(const std::string& from, const std::string& to) {
    variant_.app.push_back({{from, {"spec.yaml", 7, 3, 1}}, to});
  }

  std::vector<std::string> paths() const {
    std::vector<std::string> result;
    for (const AppFile& file : list_app_files(spec_, variant_))
      result.push_back(file.path_in_image + (file.is_directory ? "/" : ""));
    return result;
  }
  std::string refusal() const {
    try {
      list_app_files(spec_, variant_);
    } catch (const Error& error) {
      EXPECT_FALSE(error.hint_text().empty());
      return std::to_string(error.location().line) + ": " + error.message();
    }
    return "accepted";
  }

  std::string hint() const {
    try {
      list_app_files(spec_, variant_);
    } catch (const Error& error) {
      return error.hint_text();
    }
    return "accepted";
  }

  fs::path root_;
  Spec spec_;
  SpecVariant variant_;
};

TEST_F(AppFiles, ADirectoryIsCopiedByItsContentInByteOrder) {
  for (const std::string name : {"pipeline/b.py", "pipeline/a.py", "pipeline/a/z.py", "pipeline/B.py"}) write(name);
  copy("pipeline/", "/app/code");
  EXPECT_THAT(paths(), ElementsAre("app/code/", "app/code/B.py", "app/code/a/", "app/code/a.py", "app/code/a/z.py",
                                   "app/code/b.py"));
}

TEST_F(AppFiles, AFileGoesBelowATargetWithSlashAndIsElseNamedSo) {
  write("a.txt", "12345");
  copy("a.txt", "/app/");
  copy("a.txt", "/etc/b.conf");
  EXPECT_THAT(paths(), ElementsAre("app/a.txt", "etc/b.conf"));
  EXPECT_EQ(list_app_files(spec_, variant_)[0].size_bytes, 5U);
}

TEST_F(AppFiles, OnlyTheOwnersExecutableBitCounts) {
  write("run.sh");
  write("data");
  fs::permissions(spec_.directory / "run.sh", fs::perms(0700));
  fs::permissions(spec_.directory / "data", fs::perms(0666));
  copy(".", "/app");
  const std::vector<AppFile> files = list_app_files(spec_, variant_);
  EXPECT_FALSE(files[1].executable);
  EXPECT_TRUE(files[2].executable);
}

TEST_F(AppFiles, TheIgnoreFileIsHonoured) {
  for (const std::string name : {"p/a.py", "p/__pycache__/a.pyc", "p/data/big.csv", "p/data/keep.csv", "p/empty/x.tmp"})
    write(name);
  write(".dockerignore", "**/__pycache__\n**/*.tmp\np/data\n!p/data/keep.csv\n");
  copy("p", "/app");
  EXPECT_THAT(paths(), ElementsAre("app/", "app/a.py", "app/data/keep.csv", "app/empty/"));
}

TEST_F(AppFiles, ACopyThatIsIgnoredAltogetherIsAMistake) {
  write("p/a.py");
  write(".dockerignore", "p\n");
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: `p` is excluded by `.dockerignore`");
}

TEST_F(AppFiles, LinksStayLinksWhenTheyStayInside) {
  write("p/real.txt");
  fs::create_symlink("real.txt", spec_.directory / "p/link");
  copy("p", "/app");
  const std::vector<AppFile> files = list_app_files(spec_, variant_);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[1].path_in_image, "app/link");
  EXPECT_EQ(files[1].link_target, "real.txt");
}

TEST_F(AppFiles, LinksThatLeaveAreRefused) {
  for (const std::string target : {"/etc/passwd", "../../outside"}) {
    fs::create_directories(spec_.directory / "p");
    fs::create_symlink(target, spec_.directory / "p/loop");
    variant_.app.clear();
    copy("p", "/app");
    EXPECT_THAT(refusal(), HasSubstr("7: `p/loop` is a link to")) << target;
    fs::remove(spec_.directory / "p/loop");
  }
}

TEST_F(AppFiles, ALinkNamedByTheCopyItselfIsFollowed) {
  write("real/a.py");
  fs::create_directory_symlink("real", spec_.directory / "current");
  copy("current", "/app");
  EXPECT_THAT(paths(), ElementsAre("app/", "app/a.py"));
}

TEST_F(AppFiles, PipesAndSocketsAreRefused) {
  write("p/a.py");
  ASSERT_EQ(::mkfifo((spec_.directory / "p/pipe").c_str(), 0600), 0);
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: `p/pipe` is neither file, directory nor link");
}

TEST_F(AppFiles, LaterCopiesReplaceFiles) {
  write("a.txt", "1");
  write("b.txt", "22");
  copy("a.txt", "/app/x");
  copy("b.txt", "/app/x");
  const std::vector<AppFile> files = list_app_files(spec_, variant_);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].size_bytes, 2U);
}

TEST_F(AppFiles, AFileAndADirectoryOfOneNameAreRefused) {
  write("a.txt");
  write("d/b.txt");
  copy("a.txt", "/app");
  copy("d", "/app/d");
  EXPECT_EQ(refusal(), "7: `app` would be both file and directory in the image");
}

TEST_F(AppFiles, ContentCannotReplaceTheLinksOfMergedUsr) {
  write("root/bin/tool");
  copy("root", "/");
  EXPECT_EQ(refusal(), "7: `bin` cannot be put below `/bin`");
}

TEST_F(AppFiles, NamesAreUtf8) {
  write("p/caf\xE9");
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: `app/caf\\xe9` is not UTF-8");
}

TEST_F(AppFiles, NamesHoldNoControlCharacters) {
  write("p/a\nb");
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: `app/a\\x0ab` holds a control character");
}

// OCI image layers, "Whiteouts": such a file would delete another one instead of being there.
TEST_F(AppFiles, NamesThatDeleteFilesOfALayerAreRefused) {
  write("p/.wh.python3.11");
  copy("p", "/usr/bin");
  EXPECT_EQ(refusal(), "7: `usr/bin/.wh.python3.11` would delete a file of the layers below");
}

TEST_F(AppFiles, ATargetThatDeletesFilesOfALayerIsRefused) {
  write("a");
  copy("a", "/opt/.wh..wh..opq/a");
  EXPECT_EQ(refusal(), "7: `opt/.wh..wh..opq/a` would delete a file of the layers below");
}

TEST_F(AppFiles, AFileCannotTakeThePlaceOfADirectoryOfTheBase) {
  write("f");
  for (const std::string to : {"/usr", "/usr/bin", "/etc", "/var/lib", "/tmp", "/usr/local/lib", "/root"}) {
    variant_.app.clear();
    copy("f", to);
    EXPECT_EQ(refusal(), "7: `" + to.substr(1) + "` is a directory of the base, which a file cannot replace");
  }
}

TEST_F(AppFiles, ALinkCannotTakeThePlaceOfADirectoryOfTheBase) {
  write("real");
  fs::create_symlink("real", spec_.directory / "usr");
  write("p/real/x");
  fs::create_symlink("real", spec_.directory / "p/etc");
  copy("p", "/");
  EXPECT_EQ(refusal(), "7: `etc` is a directory of the base, which a file cannot replace");
}

TEST_F(AppFiles, NothingGoesBelowAFileOrLinkOfTheBase) {
  write("f");
  for (const std::string above :
       {"/var/run", "/var/lock", "/usr/bin/python3.11", "/usr/bin/python3", "/usr/local/bin/python"}) {
    variant_.app.clear();
    copy("f", above + "/x/f");
    EXPECT_EQ(refusal(), "7: `" + above.substr(1) + "/x/f` cannot be put below `" + above +
                             "`, which is no directory in the base");
  }
}

TEST_F(AppFiles, ADirectoryCannotTakeThePlaceOfAFileOfTheBase) {
  write("d/f");
  copy("d", "/var/run");
  EXPECT_EQ(refusal(), "7: `var/run` cannot be a directory: it is none in the base");
}

TEST_F(AppFiles, FilesOfTheBaseDirectoriesAreFine) {
  write("d/f");
  copy("d", "/usr/local/bin");
  copy("d/f", "/var/lib/f");
  EXPECT_THAT(paths(), ElementsAre("usr/local/bin/", "usr/local/bin/f", "var/lib/f"));
}

TEST_F(AppFiles, AnIgnoreFileThatIsNoFileIsAMistake) {
  write("p/a.py");
  copy("p", "/app");
  fs::create_directory(spec_.directory / ".dockerignore");
  EXPECT_EQ(refusal(), "7: `.dockerignore` is a directory, not a file");
  fs::remove(spec_.directory / ".dockerignore");
  fs::create_symlink("nowhere", spec_.directory / ".dockerignore");
  EXPECT_EQ(refusal(), "7: `.dockerignore` is a link to `nowhere`, which does not exist");
}

TEST_F(AppFiles, AnEmptyDirectoryIsNotBlamedOnAnIgnoreFileThatIsNotThere) {
  fs::create_directory(spec_.directory / "empty");
  copy("empty", "/app");
  EXPECT_EQ(refusal(), "7: `empty` holds nothing to copy");
  EXPECT_THAT(hint(), Not(HasSubstr(".dockerignore")));
  write("empty/x");
  write(".dockerignore", "empty/*\n");
  EXPECT_THAT(hint(), HasSubstr(".dockerignore"));
}

TEST_F(AppFiles, ALinkToItselfIsCalledThat) {
  fs::create_directories(spec_.directory / "p");
  fs::create_symlink("loop", spec_.directory / "p/loop");
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: `p/loop` is a link to `loop`, which leads round in a circle");
}

TEST_F(AppFiles, AFileThatCannotBeReadHasItsPlace) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("p/secret");
  fs::permissions(spec_.directory / "p/secret", fs::perms(0));
  copy("p", "/app");
  EXPECT_EQ(refusal(), "7: cannot read `p/secret`: Permission denied");
}

}  // namespace
}  // namespace mlbuild
