#include "mlbuild/image/image.hpp"

#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace mlbuild {
namespace {

ImageLayer layer(const std::string& name) {
  ImageLayer made;
  made.facts.media_type = oci::kLayerGzipMediaType;
  made.facts.digest = BlobDigest(sha256("blob " + name));
  made.facts.size_bytes = 1000 + name.size();
  made.facts.diff_id = DiffId(sha256("tar " + name));
  made.facts.plain_size_bytes = 5000;
  made.facts.packages = {{"wheel", name, "1.0", 4000, 900}};
  made.key = StepKey(sha256("key " + name));
  made.created_by = name;
  return made;
}

RunConfig run_config() {
  RunConfig config;
  config.workdir = "/app";
  config.user = "1000:1000";
  config.env = {{"PYTHONUNBUFFERED", "1"}, {"LANG", "C.UTF-8"}};
  config.cmd = {"python", "-m", "pipeline.main"};
  config.labels = {{"team", "churn"}};
  config.exposed_ports = {"9090/tcp", "8080/tcp"};
  return config;
}

Image example() {
  return compose_image({layer("base debian bookworm"), layer("wheel numpy 1.26.4"), layer("app")}, run_config(),
                       oci::Platform{"linux", "amd64", ""}, 315532800);
}

void expect_golden(const std::string& made, const std::string& name) {
  const std::string file = test::source_dir() / "tests/data/image" / name;
  if (std::getenv("MLBUILD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << made << "\n";
    GTEST_SKIP() << "golden file rewritten";
  }
  std::stringstream golden;
  golden << std::ifstream(file).rdbuf();
  EXPECT_EQ(made + "\n", golden.str());
}

TEST(ComposeImage, ConfigIsTheGoldenOne) { expect_golden(example().config_json, "config.json"); }
TEST(ComposeImage, ManifestIsTheGoldenOne) { expect_golden(example().manifest_json, "manifest.json"); }

TEST(ComposeImage, GivesTheSameBytesAgain) {
  EXPECT_EQ(example().manifest_json, example().manifest_json);
  EXPECT_EQ(example().manifest.digest, BlobDigest(sha256(example().manifest_json)));
}

TEST(ComposeImage, IgnoresTimeZoneAndLocale) {
  const Image before = example();
  ::setenv("TZ", "Asia/Kathmandu", 1);
  ::setenv("LC_ALL", "de_DE.UTF-8", 1);
  ::tzset();
  const Image after = example();
  ::unsetenv("TZ");
  ::unsetenv("LC_ALL");
  ::tzset();
  EXPECT_EQ(before.config_json, after.config_json);
}

TEST(ComposeImage, ManifestNamesConfigAndLayersInOrder) {
  const Image image = example();
  const oci::Manifest manifest = oci::parse_manifest(image.manifest_json);
  EXPECT_EQ(manifest.config.digest, BlobDigest(sha256(image.config_json)));
  ASSERT_EQ(manifest.layers.size(), 3U);
  EXPECT_EQ(manifest.layers[1].digest, layer("wheel numpy 1.26.4").facts.digest);
  EXPECT_EQ(manifest.layers[1].annotations.at("dev.mlbuild.key"), layer("wheel numpy 1.26.4").key.to_string());
}

TEST(ComposeImage, ConfigHasADiffIdAndAHistoryLineForEachLayer) {
  const oci::ImageConfig config = oci::parse_config(example().config_json);
  EXPECT_EQ(config.created, "1980-01-01T00:00:00Z");
  ASSERT_EQ(config.diff_ids.size(), 3U);
  EXPECT_EQ(config.diff_ids[2], layer("app").facts.diff_id);
  ASSERT_EQ(config.history.size(), 3U);
  EXPECT_EQ(config.history[0].created_by, "base debian bookworm");
}

TEST(ComposeImage, GivesAPathUnlessTheSpecDoes) {
  RunConfig config;
  const auto env = [&] { return oci::parse_config(compose_image({}, config, oci::Platform(), 0).config_json).env; };
  EXPECT_EQ(env(), (std::vector<std::string>{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}));
  config.env = {{"ZED", "1"}, {"PATH", "/opt/bin"}, {"A", ""}};
  EXPECT_EQ(env(), (std::vector<std::string>{"A=", "PATH=/opt/bin", "ZED=1"}));
}

TEST(ComposeImage, SortsExposedPorts) {
  RunConfig one = run_config(), other = run_config();
  std::swap(other.exposed_ports[0], other.exposed_ports[1]);
  EXPECT_EQ(compose_image({}, one, oci::Platform(), 0).config_json,
            compose_image({}, other, oci::Platform(), 0).config_json);
}

TEST(ComposeImage, EverythingThatMattersMovesTheDigest) {
  const auto digest = [](const std::vector<ImageLayer>& layers, const RunConfig& config, const std::string& platform,
                         std::int64_t epoch) {
    return compose_image(layers, config, oci::Platform::parse(platform), epoch).manifest.digest;
  };
  RunConfig other = run_config();
  other.user = "0";
  const BlobDigest base = digest({layer("a"), layer("b")}, run_config(), "linux/amd64", 1);
  EXPECT_NE(base, digest({layer("b"), layer("a")}, run_config(), "linux/amd64", 1));
  EXPECT_NE(base, digest({layer("a"), layer("b")}, other, "linux/amd64", 1));
  EXPECT_NE(base, digest({layer("a"), layer("b")}, run_config(), "linux/arm64", 1));
  EXPECT_NE(base, digest({layer("a"), layer("b")}, run_config(), "linux/amd64", 2));
}

TEST(ComposeImage, AddsUpSizes) {
  const Image image = example();
  EXPECT_EQ(image.compressed_size_bytes(), 3000U + 20 + 18 + 3 + image.config_json.size());
  EXPECT_EQ(image.plain_size_bytes(), 15000U);
}

TEST(ComposeImage, RefusesTimesThatAreNoDates) {
  for (const std::int64_t epoch : {std::int64_t{253402300800}, std::int64_t{1} << 62, -(std::int64_t{1} << 62)}) {
    EXPECT_THROW(compose_image({}, run_config(), oci::Platform(), epoch), Error) << epoch;
  }
}

oci::ImageConfig base_config() {
  oci::ImageConfig base;
  base.env = {"PATH=/opt/bin:/bin", "LANG=C", "KEEP=1"};
  base.user = "app";
  base.working_dir = "/srv";
  base.entrypoint = {"/start"};
  base.cmd = {"serve"};
  base.labels = {{"team", "base"}, {"origin", "base"}};
  base.volumes = {"/data"};
  base.history = {{"FROM nothing", false, "2020-01-01T00:00:00Z"}, {"ENV KEEP=1", true}};
  return base;
}

oci::ImageConfig on_base(const RunConfig& config, const oci::ImageConfig& base = base_config()) {
  ImageLayer below = layer("base layer");
  below.is_base = true;
  return oci::parse_config(
      compose_image({below, layer("app")}, config, {"linux", "amd64", ""}, 315532800, &base).config_json);
}

TEST(ComposeOnBase, InheritsWhatTheSpecDoesNotSay) {
  const oci::ImageConfig made = on_base(RunConfig{});
  EXPECT_EQ(made.env, base_config().env);
  EXPECT_EQ(made.user, "app");
  EXPECT_EQ(made.working_dir, "/srv");
  EXPECT_EQ(made.entrypoint, base_config().entrypoint);
  EXPECT_EQ(made.cmd, base_config().cmd);
  EXPECT_EQ(made.volumes, base_config().volumes);
}

TEST(ComposeOnBase, VariablesKeepTheirPlaceAndLabelsAreAddedTo) {
  RunConfig config;
  config.env = {{"LANG", "C.UTF-8"}, {"NEW", "2"}};
  config.labels = {{"team", "churn"}};
  const oci::ImageConfig made = on_base(config);
  EXPECT_EQ(made.env, (std::vector<std::string>{"PATH=/opt/bin:/bin", "LANG=C.UTF-8", "KEEP=1", "NEW=2"}));
  EXPECT_EQ(made.labels, (std::map<std::string, std::string>{{"team", "churn"}, {"origin", "base"}}));
}

TEST(ComposeOnBase, AnEntrypointResetsTheInheritedCommandAndACommandKeepsTheEntrypoint) {
  RunConfig entrypoint;
  entrypoint.entrypoint = {"/mine"};
  EXPECT_TRUE(on_base(entrypoint).cmd.empty());
  RunConfig cmd;
  cmd.cmd = {"train"};
  EXPECT_EQ(on_base(cmd).entrypoint, base_config().entrypoint);
  EXPECT_EQ(on_base(cmd).cmd, cmd.cmd);
  RunConfig cleared;
  cleared.clears_entrypoint = true;
  EXPECT_TRUE(on_base(cleared).entrypoint.empty());
}

TEST(ComposeOnBase, HistoryIsThatOfTheBaseAndThenOurs) {
  const oci::ImageConfig made = on_base(RunConfig{});
  ASSERT_EQ(made.history.size(), 3U);
  EXPECT_EQ(made.history[0].created, "2020-01-01T00:00:00Z");
  EXPECT_TRUE(made.history[1].empty_layer);
  EXPECT_EQ(made.history[2].created_by, "app");
  oci::ImageConfig silent = base_config();
  silent.history.clear();
  EXPECT_EQ(on_base(RunConfig{}, silent).history.size(), 2U);
}

TEST(ComposeOnBase, BaseLayersHaveNoAnnotations) {
  ImageLayer below = layer("base layer");
  below.is_base = true;
  const oci::ImageConfig base = base_config();
  const Image made = compose_image({below, layer("app")}, {}, {"linux", "amd64", ""}, 315532800, &base);
  const oci::Manifest manifest = oci::parse_manifest(made.manifest_json);
  EXPECT_TRUE(manifest.layers[0].annotations.empty());
  EXPECT_FALSE(manifest.layers[1].annotations.empty());
}

}  // namespace
}  // namespace mlbuild
