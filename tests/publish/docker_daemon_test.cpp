// The real docker: what it makes of the image that it is given, and what it says when it does not like it.

#include "support/docker_daemon.hpp"

#include "publish/image_builder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace mlbuild::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class DockerDaemonTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "dockerd needs root";
    try {
      daemon_ = std::make_unique<DockerDaemon>();
    } catch (const DaemonUnavailable& why) {
      GTEST_SKIP() << "no docker daemon can run here; " << why.what();
    }
  }
  PublishResult load(const Image& image) {
    const DaemonAccess access{*http_, {daemon_->socket()}};
    return make_sink("daemon", nullptr, &access)->put({image}, "team/tiny:1.0", store_, nullptr, cancellation_);
  }
  json inspect(const std::string& name) const {
    const CommandResult result = daemon_->docker({"image", "inspect", name});
    EXPECT_TRUE(result.ok()) << result.err;
    return json::parse(result.out, nullptr, false)[0];
  }

  MemoryStore store_;
  Image image_ = make_tiny_image(store_);
  Cancellation cancellation_;
  std::unique_ptr<HttpClient> http_ = make_http_client(cancellation_);
  std::unique_ptr<DockerDaemon> daemon_;
};

TEST_F(DockerDaemonTest, KeepsOurConfigAndOurLayers) {
  load(image_);
  load(image_);  // again: nothing to complain about
  const json seen = inspect("team/tiny:1.0");
  EXPECT_EQ(seen["Id"], image_.config.digest.to_string());
  EXPECT_EQ(seen["RootFS"]["Layers"], json::parse(image_.config_json)["rootfs"]["diff_ids"]);
  EXPECT_EQ(seen["Config"]["Entrypoint"][0], "/app/main.py");
  EXPECT_EQ(seen["Config"]["User"], "1000:1000");
  EXPECT_THAT(daemon_->stop(), IsEmpty()) << "mounts are left";
}

TEST_F(DockerDaemonTest, SaysWhatItDoesNotLike) {
  std::vector<ImageLayer> layers = image_.layers;
  std::swap(layers[0].facts.diff_id, layers[1].facts.diff_id);
  const Image wrong = compose_image(layers, RunConfig(), oci::Platform{"linux", "amd64", ""}, 315532800);
  try {
    load(wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("could not load the image"));
    EXPECT_THAT(error.message(), HasSubstr("diffID"));
  }
  EXPECT_FALSE(daemon_->docker({"image", "inspect", "team/tiny:1.0"}).ok());
}

}  // namespace
}  // namespace mlbuild::test
