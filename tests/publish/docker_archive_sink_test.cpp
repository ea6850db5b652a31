#include "publish/image_builder.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace mlbuild::test {
namespace {

class DockerArchive : public testing::Test {
 protected:
  TempDir directory_;
  std::filesystem::path file_ = directory_.path() / "image.tar";
  MemoryStore store_;
  Cancellation cancellation_;

  PublishResult put(const std::vector<Image>& images, const std::string& tag) {
    return make_docker_archive_sink(file_)->put(images, tag, store_, nullptr, cancellation_);
  }
  std::vector<std::pair<TarEntry, std::string>> entries() const {
    std::vector<std::pair<TarEntry, std::string>> entries;
    FileSource file(file_);
    read_tar(file, [&](const TarEntry& entry, Source& content) {
      entries.emplace_back(entry, as_text(read_all(content, 1U << 20U)));
    });
    return entries;
  }
};

TEST_F(DockerArchive, HoldsManifestConfigAndLayers) {
  const Image image = make_tiny_image(store_);
  const PublishResult result = put({image}, "team/tiny:1.0");
  const auto found = entries();
  ASSERT_EQ(found.size(), 4U);
  const std::string config = image.config.digest.hex() + ".json";
  const std::string one = image.layers[0].facts.digest.hex() + ".tar.gz",
                    two = image.layers[1].facts.digest.hex() + ".tar.gz";
  EXPECT_EQ(found[0].first.path, "manifest.json");
  EXPECT_EQ(found[0].second, R"([{"Config":")" + config + R"(","Layers":[")" + one + R"(",")" + two +
                                 R"("],"RepoTags":["team/tiny:1.0"]}])");
  EXPECT_EQ(found[1].first.path, config);
  EXPECT_EQ(found[1].second, image.config_json);
  EXPECT_EQ(found[2].first.path, one);
  EXPECT_EQ(BlobDigest(sha256(found[3].second)), image.layers[1].facts.digest);
  EXPECT_EQ(result.written_bytes, std::filesystem::file_size(file_));
}

TEST_F(DockerArchive, GivesTheSameBytesAgain) {
  put({make_tiny_image(store_)}, "n:1");
  const std::string first = read_text_file(file_);
  put({make_tiny_image(store_)}, "n:1");
  EXPECT_EQ(read_text_file(file_), first);
}

TEST_F(DockerArchive, HasFixedTimesAndOwners) {
  put({make_tiny_image(store_)}, "n:1");
  for (const auto& [entry, content] : entries()) {
    EXPECT_EQ(entry.mtime_seconds, 315532800);
    EXPECT_EQ(entry.mode, 0644U);
    EXPECT_EQ(entry.uid + entry.gid, 0U);
  }
}

TEST_F(DockerArchive, WritesALayerOnceThatIsThereTwice) {
  const ImageLayer layer = make_layer_of(store_, {{"a", "b"}}, "a");
  put({compose_image({layer, layer}, RunConfig(), oci::Platform(), 0)}, "n:1");
  EXPECT_EQ(entries().size(), 3U);
  EXPECT_EQ(nlohmann::json::parse(entries()[0].second)[0]["Layers"].size(), 2U);
}

TEST_F(DockerArchive, CompletesTheTag) {
  const auto tags = [&](const std::string& name) {
    put({make_tiny_image(store_)}, name);
    return nlohmann::json::parse(entries()[0].second)[0]["RepoTags"].dump();
  };
  EXPECT_EQ(tags("name"), R"(["name:latest"])");
  EXPECT_EQ(tags("host.example:5000/a/b:c"), R"(["host.example:5000/a/b:c"])");
  EXPECT_EQ(tags(""), "[]");
}

TEST_F(DockerArchive, RefusesSeveralPlatforms) {
  try {
    put({make_tiny_image(store_, "amd64"), make_tiny_image(store_, "arm64")}, "n:1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_NE(error.hint_text().find("--platform"), std::string::npos);
  }
}

TEST_F(DockerArchive, LeavesNothingWhenItFails) {
  const Image image = make_tiny_image(store_);
  MemoryStore empty;
  EXPECT_THROW(make_docker_archive_sink(file_)->put({image}, "n:1", empty, nullptr, cancellation_), Error);
  cancellation_.request();
  EXPECT_THROW(put({image}, "n:1"), Error);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST(MakeSink, TakesBothForms) {
  EXPECT_TRUE(make_sink("oci:out/image"));
  EXPECT_TRUE(make_sink("docker:out/image.tar"));
}

TEST(MakeSink, SaysWhatIsPossible) {
  for (const char* text : {"", "oci", "oci:", "docker:", "tar:x", "out/image", "./image.tar", "oci:out:latest"}) {
    try {
      make_sink(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      EXPECT_NE(error.hint_text().find("oci:DIR"), std::string::npos) << text;
    }
  }
}

TEST(MakeSink, ADaemonNeedsNoName) {
  try {
    make_sink("daemon:name");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_NE(error.hint_text().find("write `daemon` alone"), std::string::npos) << error.hint_text();
  }
}

TEST(MakeSink, TellsHowToWriteARegistry) {
  for (const char* text : {"docker://host.example/name", "host.example/name:1", "localhost:5000/name",
                           "https://host.example/n", "registry:name:1", "registry:Host.example/UPPER"}) {
    try {
      make_sink(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage) << text;
      EXPECT_NE(error.hint_text().find("registry"), std::string::npos) << text << ": " << error.hint_text();
    }
  }
}

}  // namespace
}  // namespace mlbuild::test
