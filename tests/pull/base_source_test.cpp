#include "mlbuild/pull/base_source.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const oci::Platform kAmd64{"linux", "amd64", ""};
const oci::Platform kArm64{"linux", "arm64", ""};
const std::string kLayer = "not really a tar, which nobody looks at here";

BlobDigest digest_of(const std::string& text) { return BlobDigest(sha256(text)); }

std::string config_json(const std::string& architecture) {
  return fmt::format(
      R"({{"architecture":"{}","os":"linux","config":{{"Env":["A=1"]}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}})",
      architecture, DiffId(sha256(kLayer)).to_string());
}

/// Files of a layout by path, in Docker's or OCI's media types.
class LayoutFiles {
 public:
  std::map<std::string, std::string> files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};

  std::string blob(const std::string& text) {
    files["blobs/sha256/" + digest_of(text).hex()] = text;
    return fmt::format(R"("digest":"{}","size":{})", digest_of(text).to_string(), text.size());
  }
  /// Descriptor of an image for the architecture.
  std::string layer_annotations;  ///< JSON
  std::string image(const std::string& architecture, bool docker, const std::string& tag = "",
                    const std::string& layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip") {
    const std::string type =
        docker ? "application/vnd.docker.distribution.manifest.v2+json" : "application/vnd.oci.image.manifest.v1+json";
    const std::string manifest = fmt::format(
        R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"c",{}}},"layers":[{{"mediaType":"{}",{}{}}}]}})",
        type, blob(config_json(architecture)), layer_type, blob(kLayer),
        layer_annotations.empty() ? "" : ",\"annotations\":" + layer_annotations);
    const std::string annotations =
        tag.empty() ? "" : fmt::format(R"(,"annotations":{{"org.opencontainers.image.ref.name":"{}"}})", tag);
    return fmt::format(R"({{"mediaType":"{}",{},"platform":{{"os":"linux","architecture":"{}"}}{}}})", type,
                       blob(manifest), architecture, annotations);
  }
  void index(const std::string& descriptors) {
    files["index.json"] = fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})", descriptors);
  }
};

class BaseSourceTest : public ::testing::Test {
 protected:
  fs::path write_layout(const LayoutFiles& layout) {
    for (const auto& [path, text] : layout.files) {
      fs::create_directories((root_.path() / "base" / path).parent_path());
      std::ofstream(root_.path() / "base" / path) << text;
    }
    return root_.path() / "base";
  }
  fs::path write_tar(const std::map<std::string, std::string>& files) {
    std::ofstream tar(root_.path() / "base.tar", std::ios::binary);
    for (const auto& [path, text] : files) {
      TarEntry entry;
      entry.path = path;
      entry.size_bytes = text.size();
      tar << tar_header(entry) << text << std::string(tar_padding_bytes(text.size()), '\0');
    }
    tar << as_text(tar_end_of_archive());
    return root_.path() / "base.tar";
  }
  static std::string read_layer(BaseSource& source, const PulledImage& image) {
    return std::string(as_text(read_all(*source.open_layer(0, image.layers.at(0)), 1U << 20U)));
  }
  static Error failure(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::Internal, "none");
  }

  TempDir root_{{}, "mlbuild-pull-"};
};

TEST_F(BaseSourceTest, ALayoutOfDockersTypesBecomesOci) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", true));
  const auto source = open_layout_image(write_layout(layout), "");
  const PulledImage image = source->read_image(kAmd64);
  EXPECT_EQ(image.layers.at(0).media_type, oci::kLayerGzipMediaType);
  EXPECT_EQ(image.layers.at(0).digest, digest_of(kLayer));
  EXPECT_EQ(image.config.env, std::vector<std::string>{"A=1"});
  EXPECT_EQ(image.manifest, source->read_digest(kAmd64));
  EXPECT_EQ(read_layer(*source, image), kLayer);
}

TEST_F(BaseSourceTest, ALazyLayerKeepsWhatMakesItLazyAndNothingElse) {
  LayoutFiles layout;
  const std::string toc = "containerd.io/snapshot/stargz/toc.digest",
                    position = "io.github.containers.zstd-chunked.manifest-position";
  layout.layer_annotations =
      fmt::format(R"({{"{}":"sha256:1","{}":"{}","org.mlbuild.key":"x"}})", toc, position, std::string(256, '1'));
  layout.index(layout.image("amd64", false));
  const PulledImage image = open_layout_image(write_layout(layout), "")->read_image(kAmd64);
  EXPECT_EQ(image.layers.at(0).annotations, (std::map<std::string, std::string>{{toc, "sha256:1"}}));
}

TEST_F(BaseSourceTest, TheImageForThePlatformIsChosen) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", false) + "," + layout.image("arm64", false));
  const auto source = open_layout_image(write_layout(layout), "");
  EXPECT_EQ(source->read_image(kArm64).config.platform.architecture, "arm64");
  EXPECT_NE(source->read_digest(kArm64), source->read_digest(kAmd64));
}

TEST_F(BaseSourceTest, TagsAreToldWhenTheyDecide) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", false, "one") + "," + layout.image("amd64", true, "two"));
  const fs::path directory = write_layout(layout);
  EXPECT_THAT(failure([&] { open_layout_image(directory, "")->read_digest(kAmd64); }).hint_text(),
              HasSubstr("one, two"));
  EXPECT_THAT(failure([&] { open_layout_image(directory, "three")->read_digest(kAmd64); }).hint_text(),
              HasSubstr("one, two"));
  EXPECT_NE(open_layout_image(directory, "one")->read_digest(kAmd64),
            open_layout_image(directory, "two")->read_digest(kAmd64));
}

TEST_F(BaseSourceTest, AMissingPlatformIsASpecError) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", false));
  const auto source = open_layout_image(write_layout(layout), "");
  EXPECT_EQ(failure([&] { source->read_image(kArm64); }).kind(), ErrorKind::Spec);
}

TEST_F(BaseSourceTest, ForeignLayersAreRefused) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", true, "", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  const auto source = open_layout_image(write_layout(layout), "");
  EXPECT_THAT(failure([&] { source->read_image(kAmd64); }).message(), HasSubstr("cannot be passed on"));
}

TEST_F(BaseSourceTest, ADamagedLayerIsFoundAtItsEnd) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", false));
  layout.files["blobs/sha256/" + digest_of(kLayer).hex()][3] = 'X';
  const auto source = open_layout_image(write_layout(layout), "");
  const PulledImage image = source->read_image(kAmd64);
  EXPECT_EQ(failure([&] { read_layer(*source, image); }).kind(), ErrorKind::Foreign);
}

TEST_F(BaseSourceTest, ADirectoryThatIsNoLayoutIsTold) {
  fs::create_directories(root_.path() / "empty");
  const auto source = open_layout_image(root_.path() / "empty", "");
  EXPECT_THAT(failure([&] { source->read_digest(kAmd64); }).message(), HasSubstr("is no OCI layout"));
}

TEST_F(BaseSourceTest, ATarOfALayoutIsReadInPlace) {
  LayoutFiles layout;
  layout.index(layout.image("amd64", false));
  const auto source = open_archive_image(write_tar(layout.files));
  const PulledImage image = source->read_image(kAmd64);
  EXPECT_EQ(image.manifest, open_layout_image(write_layout(layout), "")->read_digest(kAmd64));
  EXPECT_EQ(read_layer(*source, image), kLayer);
}

TEST_F(BaseSourceTest, WhatDockerSavesHasTheDigestsOfItsBytes) {
  const auto source = open_archive_image(
      write_tar({{"manifest.json", R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["1/layer.tar"]}])"},
                 {"c.json", config_json("amd64")},
                 {"1/layer.tar", kLayer}}));
  const PulledImage image = source->read_image(kAmd64);
  EXPECT_EQ(image.layers.at(0).media_type, oci::kLayerMediaType);
  EXPECT_EQ(image.layers.at(0).digest, digest_of(kLayer));
  EXPECT_EQ(image.manifest, source->read_digest(kAmd64));
  EXPECT_EQ(read_layer(*source, image), kLayer);
}

TEST_F(BaseSourceTest, OddArchivesAreTold) {
  EXPECT_THAT(failure([&] {
                open_archive_image(write_tar({{"etc/passwd", "root"}}));
              }).message(),
              HasSubstr("holds no image"));
  EXPECT_THAT(failure([&] {
                open_archive_image(
                    write_tar({{"manifest.json", R"([{"Config":"a","Layers":[]},{"Config":"b","Layers":[]}])"}}));
              }).message(),
              HasSubstr("holds 2 images"));
  EXPECT_THAT(failure([&] {
                open_archive_image(write_tar({{"manifest.json", "{"}}));
              }).message(),
              HasSubstr("malformed"));
  const auto lacks = open_archive_image(
      write_tar({{"manifest.json", R"([{"Config":"c","Layers":["../x"]}])"}, {"c", config_json("amd64")}}));
  EXPECT_THAT(failure([&] { lacks->read_image(kAmd64); }).message(), HasSubstr("lacks layer"));
}

}  // namespace
}  // namespace mlbuild
