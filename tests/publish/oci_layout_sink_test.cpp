#include "publish/image_builder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

namespace mlbuild::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kRefName = "org.opencontainers.image.ref.name";

class OciLayout : public testing::Test {
 protected:
  TempDir directory_;
  fs::path layout_ = directory_.path() / "image";
  MemoryStore store_;
  Cancellation cancellation_;

  PublishResult put(const std::vector<Image>& images, const std::string& tag) {
    return make_oci_layout_sink(layout_)->put(images, tag, store_, nullptr, cancellation_);
  }
  json index() const { return json::parse(read_text_file(layout_ / "index.json")); }
  std::map<std::string, std::string> names() const {
    std::map<std::string, std::string> names;
    const json all = index();
    for (const json& entry : all["manifests"]) names[entry["annotations"][kRefName]] = entry["digest"];
    return names;
  }
  std::string blob(const BlobDigest& digest) const { return read_text_file(layout_ / "blobs/sha256" / digest.hex()); }
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(layout_)) {
      if (entry.is_regular_file()) files[entry.path().lexically_relative(layout_)] = read_text_file(entry.path());
    }
    return files;
  }
};

TEST_F(OciLayout, HoldsEveryBlobUnderItsDigest) {
  const Image image = make_tiny_image(store_);
  const PublishResult result = put({image}, "tiny:1.0");
  EXPECT_EQ(result.digest, image.manifest.digest);
  EXPECT_EQ(result.where, "oci:" + layout_.string());
  EXPECT_EQ(read_text_file(layout_ / "oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
  EXPECT_EQ(names(), (std::map<std::string, std::string>{{"1.0", image.manifest.digest.to_string()}}));
  std::size_t blobs = 0;
  for (const auto& [path, content] : files()) {
    if (!path.starts_with("blobs/")) continue;
    EXPECT_EQ(path, "blobs/sha256/" + sha256(content).hex());
    ++blobs;
  }
  EXPECT_EQ(blobs, 4U);
  EXPECT_EQ(files().size(), 6U);
}

TEST_F(OciLayout, GivesTheSameFilesWhicheverTagCameFirst) {
  const Image one = make_tiny_image(store_, "amd64"), two = make_tiny_image(store_, "arm64");
  put({one}, "n:one");
  put({two}, "n:two");
  const auto first = files();
  fs::remove_all(layout_);
  put({two}, "n:two");
  put({one}, "n:one");
  EXPECT_EQ(files(), first);
}

TEST_F(OciLayout, MovesATagAndKeepsTheOthers) {
  const Image one = make_tiny_image(store_, "amd64"), two = make_tiny_image(store_, "arm64");
  put({one}, "n:latest");
  put({one}, "n:1.0");
  put({two}, "n:latest");
  EXPECT_EQ(names(), (std::map<std::string, std::string>{{"1.0", one.manifest.digest.to_string()},
                                                         {"latest", two.manifest.digest.to_string()}}));
  EXPECT_EQ(blob(one.manifest.digest), one.manifest_json);
}

TEST_F(OciLayout, KeepsWhatItDoesNotKnowInTheIndex) {
  put({make_tiny_image(store_)}, "n:1");
  json foreign = index();
  foreign["manifests"][0]["urls"] = {"https://mirror.example/x"};
  foreign["manifests"][0]["annotations"]["x"] = "y";
  foreign["x-tool"] = {{"a", 1}};
  std::ofstream(layout_ / "index.json") << foreign.dump();
  put({make_tiny_image(store_, "arm64")}, "n:2");
  EXPECT_EQ(index()["x-tool"], foreign["x-tool"]);
  EXPECT_EQ(index()["manifests"][0], foreign["manifests"][0]);
  EXPECT_EQ(index()["manifests"].size(), 2U);
}

TEST_F(OciLayout, ReusesBlobsThatAreThere) {
  const Image image = make_tiny_image(store_);
  const PublishResult first = put({image}, "n:1");
  const auto time = fs::last_write_time(layout_ / "blobs/sha256" / image.layers[0].facts.digest.hex());
  const auto index_time = fs::last_write_time(layout_ / "index.json");
  const PublishResult second = put({image}, "n:1");
  EXPECT_EQ(first.reused_bytes, 0U);
  EXPECT_EQ(second.written_bytes, 0U);
  EXPECT_EQ(second.reused_bytes, first.written_bytes);
  EXPECT_EQ(fs::last_write_time(layout_ / "blobs/sha256" / image.layers[0].facts.digest.hex()), time);
  EXPECT_EQ(fs::last_write_time(layout_ / "index.json"), index_time);
}

TEST_F(OciLayout, WritesBlobsOfTheWrongSizeAgain) {
  const Image image = make_tiny_image(store_);
  put({image}, "n:1");
  const fs::path path = layout_ / "blobs/sha256" / image.layers[0].facts.digest.hex();
  fs::resize_file(path, 3);
  put({image}, "n:1");
  EXPECT_EQ(sha256(read_text_file(path)).hex(), path.filename());
}

TEST_F(OciLayout, WritesAnIndexForSeveralPlatforms) {
  const Image amd = make_tiny_image(store_, "amd64"), arm = make_tiny_image(store_, "arm64");
  const PublishResult result = put({amd, arm}, "n:1");
  const oci::Index index = oci::parse_index(blob(result.digest));
  ASSERT_EQ(index.manifests.size(), 2U);
  EXPECT_EQ(index.manifests[0].digest, amd.manifest.digest);
  EXPECT_EQ(index.manifests[1].platform->architecture, "arm64");
  EXPECT_EQ(names().at("1"), result.digest.to_string());
  EXPECT_EQ(this->index()["manifests"][0]["mediaType"], oci::kIndexMediaType);
}

TEST_F(OciLayout, TellsAllBytesWrittenOrReused) {
  const Image image = make_tiny_image(store_);
  for (int round = 0; round < 2; ++round) {
    std::uint64_t told = 0;
    make_oci_layout_sink(layout_)->put(
        {image}, "n:1", store_, [&](std::uint64_t bytes) { told += bytes; }, cancellation_);
    EXPECT_EQ(told, image.compressed_size_bytes() + image.manifest_json.size());
  }
}

TEST_F(OciLayout, StopsWhenAsked) {
  cancellation_.request();
  try {
    put({make_tiny_image(store_)}, "n:1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
  }
  EXPECT_EQ(index()["manifests"].size(), 0U);  // a valid layout that names nothing
}

TEST_F(OciLayout, LeavesNoNameWhenALayerIsMissing) {
  const Image image = make_tiny_image(store_);
  MemoryStore empty;
  EXPECT_THROW(make_oci_layout_sink(layout_)->put({image}, "n:1", empty, nullptr, cancellation_), Error);
  EXPECT_EQ(index()["manifests"].size(), 0U);
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(OciLayout, NoticesALayerThatIsNotItsDigest) {
  const Image image = make_tiny_image(store_);
  MemoryStore damaged;
  for (const ImageLayer& layer : image.layers) {
    damaged.insert(layer.facts.digest, std::make_shared<const Bytes>(layer.facts.size_bytes));
  }
  EXPECT_THROW(make_oci_layout_sink(layout_)->put({image}, "n:1", damaged, nullptr, cancellation_), Error);
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(OciLayout, RefusesDirectoriesThatHoldSomethingElse) {
  fs::create_directory(layout_);
  std::ofstream(layout_ / "thesis.tex") << "x";
  try {
    put({make_tiny_image(store_)}, "n:1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
  }
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(OciLayout, RefusesABrokenIndexInsteadOfReplacingIt) {
  put({make_tiny_image(store_)}, "n:1");
  for (const char* broken : {"", "[]", "{\"schemaVersion\":2}", R"({"schemaVersion":2,"manifests":[{}]})"}) {
    std::ofstream(layout_ / "index.json", std::ios::trunc) << broken;
    try {
      put({make_tiny_image(store_)}, "n:2");
      ADD_FAILURE() << broken;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    }
    EXPECT_EQ(read_text_file(layout_ / "index.json"), broken);
  }
}

TEST_F(OciLayout, TakesNullAnnotationsAsNone) {
  const Image image = make_tiny_image(store_);
  put({image}, "n:1");
  json foreign = index();
  foreign["manifests"][0]["annotations"] = nullptr;
  std::ofstream(layout_ / "index.json") << foreign.dump();
  put({image}, "n:2");
  EXPECT_EQ(index()["manifests"].size(), 2U);
}

TEST_F(OciLayout, WithoutATagHasNoName) {
  const Image image = make_tiny_image(store_);
  put({image}, "");
  put({image}, "");
  ASSERT_EQ(index()["manifests"].size(), 1U);
  EXPECT_FALSE(index()["manifests"][0].contains("annotations"));
}

TEST_F(OciLayout, RefusesNamesThatAreNone) {
  for (const char* name : {"n:", "N", "n@sha256:12", "a b"})
    EXPECT_THROW(put({make_tiny_image(store_)}, name), Error) << name;
  EXPECT_FALSE(fs::exists(layout_));
}

TEST_F(OciLayout, TwoWritersWaitForEachOther) {
  const Image amd = make_tiny_image(store_, "amd64"), arm = make_tiny_image(store_, "arm64");
  for (int round = 0; round < 10; ++round) {
    fs::remove_all(layout_);
    std::thread other([&] { put({arm}, "n:arm"); });
    put({amd}, "n:amd");
    other.join();
    ASSERT_EQ(names().size(), 2U);
  }
}

TEST_F(OciLayout, IsValidAfterKill9AtAnyMoment) {
  const Image image = make_tiny_image(store_);
  for (int round = 0; round < 30; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0;; ++i) {
        put({image}, "n:" + std::to_string(i));
        fs::remove(layout_ / "blobs/sha256" / image.layers[0].facts.digest.hex());
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 3));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string tag = "after" + std::to_string(round);
    put({image}, "n:" + tag);
    for (const auto& [path, content] : files()) {
      EXPECT_FALSE(path.find(".mlbuild-tmp") != std::string::npos) << path;
      if (!path.starts_with("blobs/")) continue;
      EXPECT_EQ(path, "blobs/sha256/" + sha256(content).hex());
    }
    EXPECT_EQ(names().at(tag), image.manifest.digest.to_string());
  }
}

}  // namespace
}  // namespace mlbuild::test
