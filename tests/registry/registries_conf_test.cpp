// containers-registries.conf(5), the part about reading.

#include "mlbuild/registry/registries_conf.hpp"

#include "registry/client_fixture.hpp"

#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

/// "host/repository", with "!" when it is insecure, of each source in order.
std::string order(const RegistriesConf& conf, const std::string& host, const std::string& repository,
                  bool by_digest = false) {
  std::string text;
  for (const PullSource& source : conf.sources(host, repository, by_digest)) {
    text +=
        fmt::format("{}{}/{}{}", text.empty() ? "" : " ", source.host, source.repository, source.insecure ? "!" : "");
  }
  return text;
}

RegistriesConf conf_of(const std::string& text) {
  RegistriesConf conf;
  conf.add(text, "/etc/x.conf");
  return conf;
}

TEST(RegistriesConf, MirrorsComeFirstAndTheNameMoves) {
  const RegistriesConf conf = conf_of(R"(
    unqualified-search-registries = ["other.example"]
    [[registry]]
    prefix = "r.example/team"
    location = "inner.example:5000/moved"
    [[registry.mirror]]
    location = "m.example/cache"
    insecure = true
    [[registry.mirror]]
    location = "n.example"
  )");
  EXPECT_EQ(order(conf, "r.example", "team/app"), "m.example/cache/app! n.example/app inner.example:5000/moved/app");
  EXPECT_EQ(order(conf, "r.example", "teams/app"), "r.example/teams/app");
  EXPECT_EQ(order(conf, "r.example:5000", "team/app"), "r.example:5000/team/app");
}

TEST(RegistriesConf, TheLongestPrefixCounts) {
  const RegistriesConf conf = conf_of(R"(
    [[registry]]
    location = "r.example"
    [[registry.mirror]]
    location = "all.example"
    [[registry]]
    location = "r.example/team"
    [[registry.mirror]]
    location = "team.example/team"
    [[registry]]
    prefix = "*.example"
    location = "wild.example"
  )");
  EXPECT_EQ(order(conf, "r.example", "x"), "all.example/x r.example/x");
  EXPECT_EQ(order(conf, "r.example", "team/x"), "team.example/team/x r.example/team/x");
  EXPECT_EQ(order(conf, "other.example:5000", "x"), "wild.example/x");
  EXPECT_EQ(order(conf, "example", "x"), "example/x");
}

TEST(RegistriesConf, AMirrorMayBeForDigestsOrTagsOnly) {
  const RegistriesConf conf = conf_of(R"(
    [[registry]]
    location = "r.example"
    [[registry.mirror]]
    location = "d.example"
    pull-from-mirror = "digest-only"
    [[registry.mirror]]
    location = "t.example"
    pull-from-mirror = "tag-only"
    [[registry]]
    location = "s.example"
    mirror-by-digest-only = true
    [[registry.mirror]]
    location = "d.example"
  )");
  EXPECT_EQ(order(conf, "r.example", "x", true), "d.example/x r.example/x");
  EXPECT_EQ(order(conf, "r.example", "x", false), "t.example/x r.example/x");
  EXPECT_EQ(order(conf, "s.example", "x", false), "s.example/x");
}

TEST(RegistriesConf, WhatIsWrongOrBlockedNamesTheFile) {
  for (const char* text : {"registry = 5", "[[registry]]\nblocked = true", "[[registry]]\nlocation = 5",
                           "[[registry]]\nlocation = \"https://r.example\"", "not toml", "[registries.search]\nx = 1",
                           "[[registry]]\nlocation = \"r.example\"\n[[registry.mirror]]\ninsecure = true",
                           "[[registry]]\nlocation = \"r.example\"\nblocked = true",
                           "[[registry]]\nprefix = \"r.example/a\"\nlocation = \"m.example\""}) {
    try {
      conf_of(text).sources("r.example", "a", true);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage) << text;
      EXPECT_NE(error.message().find("/etc/x.conf"), std::string::npos) << error.message();
      EXPECT_FALSE(error.hint_text().empty());
    }
  }
}

TEST(RegistriesConf, AKeyOfPartsWithoutEndIsRefused) {
  std::string text = "a";
  for (int i = 0; i < 100'000; ++i) text += ".a";
  EXPECT_THROW(conf_of(text + " = 1\n"), Error);
}

TEST(RegistriesConf, FilesAreReadInTheOrderOfContainers) {
  TempDir dir;
  const auto write = [&](const std::string& file, const std::string& mirror) {
    std::filesystem::create_directories((dir.path() / file).parent_path());
    write_file_atomically(
        dir.path() / file,
        "[[registry]]\nlocation = \"r.example\"\n[[registry.mirror]]\nlocation = \"" + mirror + "\"\n");
  };
  const auto first = [&](std::map<std::string, std::string> environment) {
    environment["HOME"] = dir.path() / "home";
    return read_registries_conf(environment, dir.path() / "etc").sources("r.example", "x", true).front().host;
  };
  EXPECT_EQ(first({}), "r.example");
  const std::string user = "home/.config/containers/registries.conf";
  const std::vector<std::string> files{"etc/containers/registries.conf", user,
                                       "etc/containers/registries.conf.d/1.conf",
                                       "etc/containers/registries.conf.d/2.conf", user + ".d/0.conf"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string mirror = fmt::format("m{}.example", i);
    write(files[i], mirror);
    EXPECT_EQ(first({}), mirror) << files[i];
  }
  write("only.conf", "only.example");
  EXPECT_EQ(first({{"CONTAINERS_REGISTRIES_CONF", dir.path() / "only.conf"}}), "only.example");
  EXPECT_THROW(first({{"CONTAINERS_REGISTRIES_CONF", dir.path() / "none.conf"}}), Error);
}

/// The registry itself, and another one that mirrors it.
struct MirrorTest : RegistryClientTest {
  void SetUp() override {
    start({});
    registry_->add_blob("team/app", kContent);
    registry_->manifests["team/app:1"] = "{}";
    mirror_->add_blob("copy/app", kContent);
    mirror_->manifests["copy/app:1"] = "{}";
    use(mirror_->host());
  }
  void use(const std::string& mirror) {
    conf_ = conf_of(fmt::format("[[registry]]\nlocation = \"{}/team\"\n[[registry.mirror]]\nlocation = \"{}/copy\"\n",
                                registry_->host(), mirror));
    RegistryOptions options;
    options.registries_conf = &conf_;
    client_ = std::make_unique<RegistryClient>(registry_->host(), *http_, *credentials_, cancellation_, options);
  }
  std::string fetch() {
    oci::Descriptor descriptor;
    descriptor.digest = BlobDigest(sha256(kContent));
    descriptor.size_bytes = kContent.size();
    std::optional<BytesSink> sink;
    client_->fetch_blob("team/app", descriptor, [&]() -> Sink& { return sink.emplace(); });
    return std::string(sink->text());
  }
  const std::string kContent = "a layer";
  std::unique_ptr<FakeRegistry> mirror_ = std::make_unique<FakeRegistry>();
  RegistriesConf conf_;
};

TEST_F(MirrorTest, IsReadInsteadOfTheRegistry) {
  EXPECT_TRUE(client_->fetch_manifest("team/app", "1"));
  EXPECT_EQ(fetch(), kContent);
  EXPECT_EQ(mirror_->count("GET /v2/copy/app/"), 2U);
  EXPECT_EQ(registry_->count("GET /v2/team/"), 0U);
}

TEST_F(MirrorTest, IsPassedOverWhenItHasNothing) {
  mirror_->lose_blobs();
  mirror_->manifests.clear();
  EXPECT_TRUE(client_->fetch_manifest("team/app", "1"));
  EXPECT_EQ(fetch(), kContent);
  EXPECT_FALSE(client_->fetch_manifest("team/app", "2"));
}

TEST_F(MirrorTest, IsPassedOverWhenItIsOutOfReachOrLies) {
  mirror_->manifests["copy/app:" + digest_of("{}")] = "other bytes";
  registry_->manifests["team/app:" + digest_of("{}")] = "{}";
  EXPECT_EQ(client_->fetch_manifest("team/app", digest_of("{}"))->bytes, "{}");
  use("localhost:9");
  EXPECT_EQ(fetch(), kContent);
  registry_->lose_blobs();
  const Error error = failure_of([&] { fetch(); });
  EXPECT_NE(text_of(error).find("trying mirror `localhost:9`"), std::string::npos) << text_of(error);
}

TEST_F(MirrorTest, IsNeverPushedTo) {
  push(kContent + "2");
  EXPECT_TRUE(client_->fetch_manifest("team/app", "1", RepositoryUse::Push));
  EXPECT_TRUE(mirror_->log().empty());
}

/// Says for whom it was asked.
class NamedCredentials final : public CredentialSource {
 public:
  std::optional<RegistryCredential> find(const std::string& registry, const std::string&) override {
    asked.insert(registry);
    return std::nullopt;
  }
  std::vector<std::string> tried(const std::string&) const override { return {}; }
  std::set<std::string> asked;
};

TEST_F(MirrorTest, GetsTheLoginOfItsOwnHost) {
  mirror_ = std::make_unique<FakeRegistry>(RegistryManners{.login = RegistryManners::Login::Basic});
  auto credentials = std::make_unique<NamedCredentials>();
  const std::set<std::string>& asked = credentials->asked;
  credentials_ = std::move(credentials);
  use(mirror_->host());
  EXPECT_EQ(fetch(), kContent);
  EXPECT_EQ(asked, std::set<std::string>{mirror_->host()});
}

}  // namespace
}  // namespace mlbuild::test
