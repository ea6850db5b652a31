#include "../../src/run/image_job.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImageJobTest : public ::testing::Test {
 protected:
  ImageJobTest() {
    make_directories(root_.path() / "etc");
    write_file_atomically(root_.path() / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1001:1002::/home/app:\n");
    write_file_atomically(root_.path() / "etc/group", "staff:x:50:\n");
  }
  SandboxJob job_of(const std::string& user) const {
    oci::ImageConfig config;
    config.user = user;
    return image_job(config, {root_.path()});
  }
  TempDir root_;
};

TEST_F(ImageJobTest, UsersAreNumbersOrNamesOfTheImage) {
  struct Case {
    const char* user;
    std::uint32_t id, group;
    const char* home;
  };
  for (const Case& c :
       {Case{"", 0, 0, "/root"}, Case{"app", 1001, 1002, "/home/app"}, Case{"app:staff", 1001, 50, "/home/app"},
        Case{"1001", 1001, 1002, "/home/app"}, Case{"7:8", 7, 8, "/"}, Case{"0:staff", 0, 50, "/root"}}) {
    const SandboxJob job = job_of(c.user);
    EXPECT_EQ(job.user, c.id) << c.user;
    EXPECT_EQ(job.group, c.group) << c.user;
    EXPECT_EQ(job.env.at("HOME"), c.home) << c.user;
  }
}

TEST_F(ImageJobTest, AnUnknownUserIsAnErrorThatNamesHim) {
  for (const char* user : {"nobody", "app:nogroup", "4294967295", "-1"}) {
    try {
      job_of(user);
      FAIL() << user;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Step);
      EXPECT_THAT(error.hint_text(), HasSubstr("1000:1000"));
    }
  }
}

TEST_F(ImageJobTest, TheEnvironmentIsTheImagesAlone) {
  oci::ImageConfig config;
  config.env = {"PATH=/opt/bin", "EMPTY=", "EQUALS=a=b"};
  config.working_dir = "/app";
  const SandboxJob job = image_job(config, {root_.path()});
  EXPECT_EQ(job.env.at("PATH"), "/opt/bin");
  EXPECT_EQ(job.env.at("EMPTY"), "");
  EXPECT_EQ(job.env.at("EQUALS"), "a=b");
  EXPECT_EQ(job.env.size(), 4U);
  EXPECT_EQ(job.working_directory, "/app");
}

TEST_F(ImageJobTest, ARelativeWorkingDirectoryIsBelowTheRoot) {
  oci::ImageConfig config;
  config.working_dir = "srv/app";
  EXPECT_EQ(image_job(config, {root_.path()}).working_directory, "/srv/app");
}

TEST(StartCommand, ArgumentsStandInForCmd) {
  oci::ImageConfig config;
  config.cmd = {"train"};
  EXPECT_THAT(start_command(config, {}), ElementsAre("train"));
  EXPECT_THAT(start_command(config, {"sh"}), ElementsAre("sh"));
  config.entrypoint = {"python"};
  EXPECT_THAT(start_command(config, {}), ElementsAre("python", "train"));
  EXPECT_THAT(start_command(config, {"-V"}), ElementsAre("python", "-V"));
}

}  // namespace
}  // namespace mlbuild
