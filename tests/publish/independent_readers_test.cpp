// What others make of our images: skopeo and umoci read a tiny one.

#include "publish/image_builder.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>

namespace mlbuild::test {
namespace {

using nlohmann::json;

class IndependentReaders : public testing::Test {
 protected:
  TempDir directory_;
  std::filesystem::path path_ = directory_.path();
  MemoryStore store_;
  Cancellation cancellation_;
  Image image_ = make_tiny_image(store_);

  std::string put(const std::string& destination, const std::vector<Image>& images) {
    make_sink(destination)->put(images, "tiny:1.0", store_, nullptr, cancellation_);
    return destination;
  }

  /// stdout of a program that must be content.
  std::string run(std::vector<std::string> argv) {
    Command command;
    command.argv = std::move(argv);
    command.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", path_.string()}, {"TMPDIR", path_.string()}};
    const CommandResult result = run_command(command, cancellation_);
    EXPECT_TRUE(result.ok()) << command.argv[0] << " " << command.argv[1] << ": " << result.err;
    return result.out;
  }

  /// The diff ids of an image that skopeo copied to `directory` in its dir: form, from the layers' bytes.
  std::vector<std::string> layer_digests(const std::filesystem::path& directory) {
    const json manifest = json::parse(read_text_file(directory / "manifest.json"));
    std::vector<std::string> digests;
    for (const json& layer : manifest["layers"]) {
      const std::string digest = layer["digest"];
      EXPECT_EQ(BlobDigest(sha256(read_text_file(directory / digest.substr(7)))).to_string(), digest);
      digests.push_back(digest);
    }
    return digests;
  }
};

TEST_F(IndependentReaders, SkopeoInspectsTheLayoutByItsTag) {
  const std::string layout = put("oci:" + (path_ / "layout").string(), {image_});
  const json found = json::parse(run({"skopeo", "inspect", layout + ":1.0"}));
  EXPECT_EQ(found["Digest"], image_.manifest.digest.to_string());
  EXPECT_EQ(found["Architecture"], "amd64");
  EXPECT_EQ(found["Layers"][1], image_.layers[1].facts.digest.to_string());
}

TEST_F(IndependentReaders, SkopeoCopiesTheLayoutWithTheSameDigests) {
  const std::string layout = put("oci:" + (path_ / "layout").string(), {image_});
  run({"skopeo", "--insecure-policy", "copy", layout + ":1.0", "dir:" + (path_ / "dir").string()});
  EXPECT_EQ(read_text_file(path_ / "dir/manifest.json"), image_.manifest_json);
  EXPECT_EQ(layer_digests(path_ / "dir").size(), 2U);
}

TEST_F(IndependentReaders, SkopeoFindsEachPlatformOfAnIndex) {
  const Image arm = make_tiny_image(store_, "arm64");
  const std::string layout = put("oci:" + (path_ / "layout").string(), {image_, arm});
  run({"skopeo", "--insecure-policy", "--override-arch", "arm64", "copy", layout + ":1.0",
       "dir:" + (path_ / "dir").string()});
  EXPECT_EQ(read_text_file(path_ / "dir/manifest.json"), arm.manifest_json);
}

TEST_F(IndependentReaders, UmociUnpacksTheLayout) {
  put("oci:" + (path_ / "layout").string(), {image_});
  std::vector<std::string> argv{"umoci", "unpack"};
  if (::geteuid() != 0) argv.emplace_back("--rootless");
  argv.insert(argv.end(), {"--image", (path_ / "layout").string() + ":1.0", (path_ / "bundle").string()});
  run(argv);
  EXPECT_EQ(read_text_file(path_ / "bundle/rootfs/etc/hello"), "hello amd64\n");
  EXPECT_EQ(read_text_file(path_ / "bundle/rootfs/app/main.py"), "print('hi')\n");
  const json config = json::parse(read_text_file(path_ / "bundle/config.json"));
  EXPECT_EQ(config["process"]["args"][0], "/app/main.py");
  EXPECT_EQ(config["process"]["cwd"], "/app");
}

TEST_F(IndependentReaders, SkopeoReadsTheDockerArchiveWithItsGzipLayers) {
  const std::string file = (path_ / "image.tar").string();
  put("docker:" + file, {image_});
  const json config = json::parse(run({"skopeo", "inspect", "--config", "docker-archive:" + file}));
  EXPECT_EQ(config, json::parse(image_.config_json));
  const json found = json::parse(run({"skopeo", "inspect", "docker-archive:" + file + ":tiny:1.0"}));
  EXPECT_EQ(found["Layers"].size(), 2U);
}

TEST_F(IndependentReaders, SkopeoCopiesTheDockerArchiveToTheSameTars) {
  const std::string file = (path_ / "image.tar").string();
  put("docker:" + file, {image_});
  run({"skopeo", "--insecure-policy", "copy", "--dest-decompress", "docker-archive:" + file,
       "dir:" + (path_ / "dir").string()});
  const std::vector<std::string> digests = layer_digests(path_ / "dir");
  ASSERT_EQ(digests.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(digests[i], image_.layers[i].facts.diff_id.to_string());
}

TEST_F(IndependentReaders, TheArchiveCopiedIntoALayoutHasOurConfig) {
  const std::string file = (path_ / "image.tar").string();
  put("docker:" + file, {image_});
  run({"skopeo", "--insecure-policy", "copy", "docker-archive:" + file, "oci:" + (path_ / "copy").string() + ":1.0"});
  const json config = json::parse(run({"skopeo", "inspect", "--config", "oci:" + (path_ / "copy").string() + ":1.0"}));
  EXPECT_EQ(config["rootfs"], json::parse(image_.config_json)["rootfs"]);
}

}  // namespace
}  // namespace mlbuild::test
