// Layers that are sent while others are still being made.
#include "build_fixture.hpp"
#include "registry/fake_registry.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"

#include <chrono>
#include <future>

namespace mlbuild {
namespace {

using test::BuildTest;

/// A registry in memory, and a wheel that is not given before the registry heard of what `waits_for` begins.
struct EarlyUploadTest : BuildTest, ReadyLayers {
  void start(test::RegistryManners manners, const std::string& waits_for) {
    manners.on_request = [this, waits_for](const test::SeenRequest& request) {
      if ((request.method + " " + request.target).starts_with(waits_for) && !heard_.exchange(true))
        heard_first_.set_value();
    };
    registry_ = std::make_unique<test::FakeRegistry>(std::move(manners));
    RegistryAccess access{*client_, nobody_};
    access.client = std::make_shared<RegistryClient>(registry_->host(), *client_, nobody_, cancellation);
    sink_ = make_registry_sink(oci::Reference::parse(registry_->host() + "/team/app:1"), {}, access);
    const test::WheelBuilder builder = test::WheelBuilder::named("late").add("late.py", "x = 1\n");
    const Bytes bytes = builder.build();
    const LockedFile wheel = test::locked_wheel(builder, bytes);
    image.wheels = {wheel};
    index_ = std::make_unique<test::HttpServer>([this, wheel, bytes](const test::SeenRequest& request) {
      if (!request.target.ends_with(".whl")) return test::index_page(wheel);
      const auto wait = heard_first_.get_future().wait_for(std::chrono::seconds(30));
      heard_in_time_ = wait == std::future_status::ready;
      return test::CannedAnswer{.body = std::string(as_text(bytes))};
    });
    site.default_index = PythonIndex{"default", index_->url("/simple")};
  }
  void ready(const ImageLayer& layer) override { sink_->prepare(layer, "", store, cancellation); }
  void check() override { sink_->check_prepared(); }
  PublishResult build_and_push() {
    BuildContext context{store, *client_, sandbox, site, cancellation, events, 2};
    context.ready_layers = this;
    const BuildResult result = build_image(request(), context);
    return sink_->put(
        {result.image}, "", store, [this](std::uint64_t bytes) { moved_ += bytes; }, cancellation);
  }

  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation);
  AnonymousCredentials nobody_;
  std::unique_ptr<test::FakeRegistry> registry_;
  std::unique_ptr<test::HttpServer> index_;
  std::unique_ptr<ImageSink> sink_;
  std::promise<void> heard_first_;
  std::atomic<bool> heard_ = false, heard_in_time_ = false;
  std::atomic<std::uint64_t> moved_ = 0;
};

TEST_F(EarlyUploadTest, ALayerIsSentWhileAnotherIsStillBeingMade) {
  start({}, "PUT /upload/");
  const PublishResult result = build_and_push();
  EXPECT_TRUE(heard_in_time_) << "nothing was sent before the last layer's wheel arrived";
  EXPECT_EQ(registry_->count("PUT /upload/"), 4U);  // base, wheel, app, config: each once
  EXPECT_EQ(registry_->count("HEAD"), 4U);
  EXPECT_EQ(registry_->count("GET /v2/team/app/manifests/1"), 1U);
  EXPECT_EQ(registry_->log().back(), "PUT /v2/team/app/manifests/1");
  EXPECT_EQ(result.written_bytes, moved_ + registry_->manifests.at("team/app:1").size());
}

TEST_F(EarlyUploadTest, TheSecondTimeOnlyTheTagIsLookedAt) {
  start({}, "PUT /upload/");
  const BlobDigest digest = build_and_push().digest;
  const std::size_t requests = registry_->log().size();
  EXPECT_EQ(build_and_push().digest, digest);
  EXPECT_EQ(registry_->log().size() - requests, 1U);
}

TEST_F(EarlyUploadTest, AChangedApplicationIsAllThatIsAskedFor) {
  start({}, "PUT /upload/");
  build_and_push();
  write_file_atomically(dir.path() / "app/main.py", "print('two')\n");
  const std::size_t requests = registry_->log().size();
  build_and_push();
  // tag; HEAD, POST and PUT of layer and config; the tag again
  EXPECT_EQ(registry_->log().size() - requests, 8U);
}

TEST_F(EarlyUploadTest, ARefusedUploadEndsTheBuildByItsName) {
  test::RegistryManners manners;
  manners.put_answers.assign(9, {.status = 413, .body = "too much"});
  start(std::move(manners), "DELETE /upload/");
  try {
    build_and_push();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    ASSERT_FALSE(error.context().empty());
    EXPECT_NE(error.context().back().find("pushing layer `"), std::string::npos) << error.context().back();
  }
  EXPECT_TRUE(registry_->manifests.empty());
}

TEST_F(EarlyUploadTest, WhatABuildThatFailedHadBegunIsCutShort) {
  start({}, "PUT /upload/");
  image.wheels[0].sha256 = BlobDigest(sha256("another wheel"));
  EXPECT_THROW(build_and_push(), Error);
  sink_.reset();  // waits for nothing but the end of what it cut
  EXPECT_TRUE(registry_->manifests.empty());
}

}  // namespace
}  // namespace mlbuild
