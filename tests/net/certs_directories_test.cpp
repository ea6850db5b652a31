#include "certs_directories.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/file.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

struct CertsDirectoriesTest : ::testing::Test {
  void add(const std::string& file, const std::string& content = "x") {
    std::filesystem::create_directories((dir.path() / file).parent_path());
    write_file_atomically(dir.path() / file, content);
  }
  OriginCertificates of(const std::string& url, const std::string& bundle = "") {
    const std::filesystem::path file = bundle.empty() ? "" : dir.path() / bundle;
    return CertsDirectories({dir.path() / "home", dir.path() / "etc"}, file).of(Url::parse(url));
  }
  TempDir dir;
};

TEST_F(CertsDirectoriesTest, TheFirstDirectoryThatKnowsTheServerCounts) {
  add("etc/r.example:5000/ca.crt", "etc");
  EXPECT_EQ(of("https://r.example:5000/v2/").ca_pem, "etc\n");
  add("home/r.example:5000/b.crt", "two");
  add("home/r.example:5000/a.crt", "one");
  add("home/r.example:5000/notes.txt");
  EXPECT_EQ(of("https://r.example:5000/v2/").ca_pem, "one\ntwo\n");
}

TEST_F(CertsDirectoriesTest, AServerIsHostAndPort) {
  add("etc/r.example/ca.crt", "443");
  EXPECT_EQ(of("https://r.example/").ca_pem, "443\n");
  EXPECT_EQ(of("https://r.example:443/").ca_pem, "443\n");
  for (const char* other : {"https://r.example:5000/", "http://r.example/", "https://other.example/"})
    EXPECT_EQ(of(other).ca_pem, "") << other;
}

TEST_F(CertsDirectoriesTest, TheFirstClientCertificateIsShown) {
  for (const char* name : {"b.cert", "b.key", "a.cert", "a.key"}) add(std::string("etc/r.example/") + name);
  const OriginCertificates found = of("https://r.example/");
  EXPECT_EQ(found.certificate, dir.path() / "etc/r.example/a.cert");
  EXPECT_EQ(found.key, dir.path() / "etc/r.example/a.key");
  EXPECT_EQ(found.ca_pem, "");
}

TEST_F(CertsDirectoriesTest, HalfAClientCertificateIsAnError) {
  for (const char* name : {"client.cert", "client.key"}) {
    add(std::string("etc/r.example/") + name);
    EXPECT_THROW(of("https://r.example/"), Error) << name;
    std::filesystem::remove_all(dir.path() / "etc");
  }
}

TEST_F(CertsDirectoriesTest, TheBundleForAllServersStaysInForce) {
  add("bundle.pem", "all");
  EXPECT_EQ(of("https://r.example/", "bundle.pem").ca_pem, "");  // libcurl reads it itself
  add("etc/r.example/ca.crt", "one");
  EXPECT_EQ(of("https://r.example/", "bundle.pem").ca_pem, "one\nall\n");
}

}  // namespace
}  // namespace mlbuild
