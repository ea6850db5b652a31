#include "mlbuild/index/site.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mlbuild {
namespace {

using testing::HasSubstr;

/// A made-up machine: files below a temporary root, and an environment.
class SiteTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) { write_file_atomically(root_.path() / path, text); }
  SiteConfig read() {
    return read_site_config(
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        },
        root_.path());
  }
  std::string index_url() { return read().require_index().url; }
  Error failure() {
    try {
      read();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, ""};
  }

  TempDir root_;
  std::map<std::string, std::string> environment_{{"HOME", "/home/ada"}};
};

TEST_F(SiteTest, EnvironmentWinsInItsOrder) {
  write("etc/mlbuild/config.yaml", "python-index: https://site.example/simple\n");
  environment_["PIP_INDEX_URL"] = "https://pip.example/simple/";
  EXPECT_EQ(index_url(), "https://pip.example/simple");
  environment_["UV_DEFAULT_INDEX"] = "company=https://uv.example/simple?a=b";
  EXPECT_EQ(index_url(), "https://uv.example/simple?a=b");
  environment_["MLBUILD_PYTHON_INDEX"] = "https://user:pw@own.example/simple";
  EXPECT_EQ(index_url(), "https://user:pw@own.example/simple");
  EXPECT_EQ(read().require_index().name, "default");
}

TEST_F(SiteTest, UsersConfigurationWinsOverTheSites) {
  write("etc/mlbuild/config.yaml", "python-index: https://site.example/simple\ndebian-keyring: /srv/keys.gpg\n");
  write("home/ada/.config/mlbuild/config.yaml", "python-index: https://ada.example/simple\n");
  EXPECT_EQ(index_url(), "https://ada.example/simple");
  EXPECT_EQ(read().debian_keyring, root_.path() / "srv/keys.gpg");
  environment_["XDG_CONFIG_HOME"] = "/elsewhere";
  EXPECT_EQ(index_url(), "https://site.example/simple");
}

TEST_F(SiteTest, PipConfigurationIsReadAsPipReadsIt) {
  write("etc/pip.conf", "[global]\nindex-url = https://etc.example/simple\n");
  EXPECT_EQ(index_url(), "https://etc.example/simple");
  write("home/ada/.pip/pip.conf", "# mine\n[global]\nINDEX_URL: https://legacy.example/simple\n");
  EXPECT_EQ(index_url(), "https://legacy.example/simple");
  write("home/ada/.config/pip/pip.conf",
        "[download]\nindex-url = https://no.example\n[install]\nindex-url = https://install.example/simple\n"
        "[global]\nindex-url = https://global.example/simple\nextra-index-url =\n  https://extra.example\n");
  EXPECT_EQ(index_url(), "https://install.example/simple");
  write("my.conf", "[global]\nindex-url=https://named.example/simple\n");
  environment_["PIP_CONFIG_FILE"] = "/my.conf";
  EXPECT_EQ(index_url(), "https://named.example/simple");
}

TEST_F(SiteTest, DevNullSwitchesPipConfigurationOff) {
  write("etc/pip.conf", "[global]\nindex-url = https://etc.example/simple\n");
  environment_["PIP_CONFIG_FILE"] = "/dev/null";
  EXPECT_NE(read().default_index.value_or(PythonIndex{}).url, "https://etc.example/simple");
}

TEST_F(SiteTest, AptSourcesInDeb822Form) {
  write("etc/apt/sources.list.d/debian.sources",
        "Types: deb deb-src\n# the mirror\nURIs: http://mirror.example/debian/\nSuites: bookworm\n "
        "bookworm-updates\nComponents: main\n\n"
        "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm bookworm-updates\nComponents: "
        "main\n");
  const DebianMirrors mirrors = read().require_debian();
  EXPECT_EQ(mirrors.main, "http://mirror.example/debian");
  EXPECT_EQ(mirrors.security, "http://mirror.example/debian-security");
}

TEST_F(SiteTest, AptSourcesInOneLineForm) {
  write("etc/apt/sources.list",
        "# deb http://old.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://tool.example/debian/12/prod bookworm main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb http://db.example/apt bookworm-pgdg main\n"
        "deb http://mirror.example/debian bookworm main contrib # comment\n"
        "deb http://mirror.example/debian bookworm-updates main\n"
        "deb http://security.example/debian-security bookworm-security main\n");
  const DebianMirrors mirrors = read().require_debian();
  EXPECT_EQ(mirrors.main, "http://mirror.example/debian");
  EXPECT_EQ(mirrors.security, "http://security.example/debian-security");
}

TEST_F(SiteTest, MirrorListFilesOfCloudImagesAreFollowed) {
  write("etc/apt/mirrors/debian.list", "# list\nhttps://cloud.example/debian\nhttps://other.example/debian\n");
  write("etc/apt/sources.list.d/debian.sources",
        "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie trixie-updates\nComponents: "
        "main\n");
  EXPECT_EQ(read().require_debian().main, "https://cloud.example/debian");
}

TEST_F(SiteTest, SecurityMirrorIsLookedForBesideTheMainOne) {
  environment_["MLBUILD_DEBIAN_MIRROR"] = "https://cache.example/debian/";
  EXPECT_EQ(read().require_debian().security, "https://cache.example/debian-security");
  environment_["MLBUILD_DEBIAN_SECURITY_MIRROR"] = "https://cache.example/sec";
  EXPECT_EQ(read().require_debian().security, "https://cache.example/sec");
}

TEST_F(SiteTest, KeyringHasADefaultPlace) {
  EXPECT_EQ(read().debian_keyring, root_.path() / "usr/share/keyrings/debian-archive-keyring.gpg");
}

TEST_F(SiteTest, UnknownKeyNamesPlaceAndNearestWord) {
  write("etc/mlbuild/config.yaml", "python-index: https://a.example/\npython-indx: https://b.example/\n");
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_EQ(error.message(), "unknown key `python-indx`");
  EXPECT_EQ(error.location().line, 2U);
  EXPECT_EQ(error.location().column, 1U);
  EXPECT_THAT(error.hint_text(), HasSubstr("`python-index`"));
}

TEST_F(SiteTest, EveryMistakeOfAFileIsReported) {
  write("etc/mlbuild/config.yaml", "colour: red\ndebian-mirror: [a]\n");
  EXPECT_EQ(failure().others().size(), 1U);
}

TEST_F(SiteTest, BrokenYamlHasAPlace) {
  write("etc/mlbuild/config.yaml", "python-index: 'open\n");
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_TRUE(error.location().known());
}

TEST_F(SiteTest, ValueThatIsNoUrlNamesItsSourceAndShowsNoSecret) {
  environment_["MLBUILD_PYTHON_INDEX"] = "ftp://user:hunter2@host/simple";
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_THAT(error.message(), HasSubstr("MLBUILD_PYTHON_INDEX"));
  EXPECT_THAT(error.message(), testing::Not(HasSubstr("hunter2")));
}

TEST(SiteConfig, NothingConfiguredListsWhereItLooked) {
  SiteConfig site;
  site.searched = {"`index-url` in `/etc/pip.conf`"};
  site.debian_searched = {"apt's sources in `/etc/apt`"};
  try {
    site.require_index();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Spec);
    EXPECT_THAT(error.hint_text(), HasSubstr("/etc/pip.conf"));
  }
  try {
    site.require_debian();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint_text(), HasSubstr("/etc/apt"));
  }
}

}  // namespace
}  // namespace mlbuild
