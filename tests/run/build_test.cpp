// A whole build below the command line: fake packages in a real store, no network, no sandbox.

#include "mlbuild/run/build.hpp"

#include "registry/fake_registry.hpp"
#include "support/deb_builder.hpp"
#include "support/host_python.hpp"
#include "support/tar_text.hpp"
#include "support/wheel_builder.hpp"

#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace mlbuild {
namespace {

/// Fails every request: what is in the store must be enough.
class NoNetwork final : public HttpClient {
 public:
  HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>&) override {
    ++requests;
    throw Error(ErrorKind::Network, "cannot reach " + request.url);
  }
  std::atomic<int> requests{0};
};

class NoSandbox final : public Sandbox {
 public:
  SandboxOutcome run(const SandboxJob&, const Cancellation&) override {
    throw Error(ErrorKind::Step, "no sandbox in this test");
  }
  SandboxLevel level() override { return SandboxLevel::None; }
};

class EventLog final : public EventSink {
 public:
  void on(const Event& event) override {
    const std::lock_guard lock(mutex_);
    if (const auto* started = std::get_if<StepStarted>(&event)) started_.push_back(started->id);
    if (const auto* raised = std::get_if<WarningRaised>(&event)) warnings.push_back(raised->text);
    if (const auto* debs = std::get_if<DebsUnpacked>(&event)) debs_decoded += debs->count;
  }
  std::vector<std::string> take_started() { return std::exchange(started_, {}); }
  std::vector<std::string> warnings;
  std::size_t debs_decoded = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> started_;
};

struct BuildTest : ::testing::Test {
  BuildTest() {
    std::filesystem::create_directory(dir.path() / "app");
    write_file_atomically(dir.path() / "app/main.py", "print('one')\n");
    spec.path = dir.path() / "mlbuild.yaml";
    spec.directory = dir.path();
    spec.name = "demo";
    spec.platforms = {oci::Platform{}};
    SpecVariant variant;
    variant.app = {{{"app", {}}, "/app"}};
    variant.config.cmd = {"python", "/app/main.py"};
    spec.variants = {variant};
    image.platform = oci::Platform{};
    image.base_suite = "bookworm";
    image.base_flavor = "distroless";
    auto interpreter = test::DebBuilder::named("python3.11-minimal");
    interpreter.file("usr/bin/python3.11", "an interpreter", 0755);
    const Bytes deb = interpreter.build();
    image.base = {{interpreter.name, interpreter.version, interpreter.architecture, "bookworm", "pool/p.deb", keep(deb),
                   deb.size(), "wanted"}};
  }
  BlobDigest keep(ByteSpan bytes) {
    const auto writer = store.begin();
    writer->write(bytes);
    return writer->commit();
  }
  void add_wheel(const test::WheelBuilder& builder) {
    const Bytes bytes = builder.build();
    LockedFile wheel;
    wheel.name = builder.name;
    wheel.version = builder.version;
    wheel.filename = builder.filename();
    wheel.sha256 = keep(bytes);
    wheel.size_bytes = bytes.size();
    image.wheels.push_back(wheel);
  }
  BuildRequest request(bool force = false) const {
    BuildRequest made;
    made.spec = &spec;
    made.variant = &spec.variants[0];
    made.image = &image;
    made.force = force;
    return made;
  }
  BuildContext context(std::size_t threads = 2) {
    return {store, http, *sandbox_of_build, site, cancellation, events, threads};
  }
  BuildResult build(bool force = false, std::size_t threads = 2) {
    return build_image(request(force), context(threads));
  }
  TempDir dir;
  DiskStore store{dir.path() / "store"};
  NoNetwork http;
  NoSandbox sandbox;
  Sandbox* sandbox_of_build = &sandbox;
  SiteConfig site;
  Cancellation cancellation;
  EventLog events;
  Spec spec;
  LockedImage image;
};

TEST_F(BuildTest, TheSecondBuildMakesNothingAndGivesTheSameDigest) {
  const BuildResult first = build();
  EXPECT_GT(first.layers_made, 0U);
  events.take_started();
  const BuildResult second = build();
  EXPECT_EQ(second.layers_made, 0U);
  EXPECT_TRUE(events.take_started().empty());
  EXPECT_EQ(second.image.manifest.digest, first.image.manifest.digest);
  EXPECT_EQ(http.requests, 0);
}

TEST_F(BuildTest, ForcedLayersAreTheSameBytes) {
  const BuildResult first = build();
  const BuildResult again = build(true);
  EXPECT_EQ(again.layers_made, first.layers_made);
  EXPECT_EQ(again.image.manifest.digest, first.image.manifest.digest);
}

TEST_F(BuildTest, ACodeChangeMakesTheAppLayerOnly) {
  build();
  events.take_started();
  write_file_atomically(dir.path() / "app/main.py", "print('two')\n");
  EXPECT_EQ(build().layers_made, 1U);
  EXPECT_EQ(events.take_started(), (std::vector<std::string>{"demo/linux-amd64/app"}));
}

TEST_F(BuildTest, AChangeIsToldAlsoAgainstWhatAnotherSpecMade) {
  build();
  spec.name = "other";
  EXPECT_EQ(build().layers_made, 0U);
  write_file_atomically(dir.path() / "app/main.py", "print('two')\n");
  EXPECT_TRUE(std::holds_alternative<CardChanged>(build().first_plan.steps.back().reason));
}

TEST_F(BuildTest, WithoutASandboxTheImageHasNoBytecodeAndTheBuildSaysWhy) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  const BuildResult result = build();
  EXPECT_EQ(events.warnings, (std::vector<std::string>{"the image gets no bytecode: no sandbox in this test"}));
  for (const ImageLayer& layer : result.image.layers) EXPECT_FALSE(layer.created_by.starts_with("bytecode"));
  events.warnings.clear();
  spec.variants[0].bytecode = false;
  EXPECT_EQ(build().image.manifest.digest, result.image.manifest.digest);
  EXPECT_TRUE(events.warnings.empty());
}

TEST_F(BuildTest, ThePlanSaysWhatTheBuildWillDoWithoutASandbox) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  const Plan planned = plan_build(request(), context());
  EXPECT_EQ(planned.no_bytecode, "no sandbox in this test");
  EXPECT_EQ(events.warnings, (std::vector<std::string>{"the image gets no bytecode: no sandbox in this test"}));
  for (const Step& step : planned.steps) EXPECT_FALSE(step.is_bytecode) << step.id;
  EXPECT_EQ(build().image.layers.size(), planned.steps.size());
}

TEST_F(BuildTest, WhereLayersAreUsedUpTheBuildSaysWhichKeyToChange) {
  add_wheel(test::WheelBuilder().add("toy.py", "a = 1\n"));
  spec.variants[0].max_layers = 3;
  build();
  ASSERT_EQ(events.warnings.size(), 1U);
  EXPECT_TRUE(events.warnings[0].starts_with("the image gets no bytecode: ")) << events.warnings[0];
  EXPECT_TRUE(events.warnings[0].ends_with("write at least `layers: {max: 5}`")) << events.warnings[0];
}

TEST_F(BuildTest, ConfigAndManifestAreKeptInTheStore) {
  const BuildResult result = build();
  EXPECT_EQ(store.find(result.image.manifest.digest), result.image.manifest.size_bytes);
  EXPECT_EQ(store.find(result.image.config.digest), result.image.config.size_bytes);
}

TEST_F(BuildTest, ACancelledBuildStopsAndLeavesTheStoreValid) {
  cancellation.request();
  EXPECT_THROW(build(), Error);
  EXPECT_TRUE(verify_store(store.root(), false).empty());
}

TEST_F(BuildTest, WheelsOfTwoLayersThatFightOverAPathFailEveryTime) {
  add_wheel(test::WheelBuilder::named("one").add("shared.py", "1"));
  add_wheel(test::WheelBuilder::named("two").add("shared.py", "2"));
  for (int run = 0; run < 2; ++run) {  // the second time all layers are there already
    try {
      build();
      FAIL() << "both wheels bring shared.py";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("`one-1.0-py3-none-any.whl` and `two-1.0-py3-none-any.whl`"),
                std::string::npos);
    }
  }
}

TEST_F(BuildTest, ACorruptWheelIsNamedAndLeavesNoImage) {
  test::WheelBuilder builder = test::WheelBuilder::named("broken").add("broken.py", "x = 1\n");
  builder.record_rows["broken.py"] = "broken.py," + test::record_hash_of("y = 2\n") + ",6";
  add_wheel(builder);
  try {
    build();
    FAIL() << "RECORD and content differ";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    EXPECT_NE(std::string(error.what()).find("broken.py"), std::string::npos);
    ASSERT_FALSE(error.context().empty());
    EXPECT_NE(error.context().front().find("broken-1.0-py3-none-any.whl"), std::string::npos);
    EXPECT_FALSE(error.hint_text().empty());
  }
  EXPECT_TRUE(verify_store(store.root(), false).empty());
}

// The lock's sizes decide; what is behind them need not be as large.
TEST_F(BuildTest, TheLongestWorkComesFirstAndAPartIsAShare) {
  for (const char* name : {"halves", "single", "small"}) {
    add_wheel(test::WheelBuilder::named(name).add(std::string(name) + ".py", "x = 1\n"));
  }
  image.wheels[0].size_bytes = 700U << 20U;  // two parts of 350 MiB
  image.wheels[1].size_bytes = 400U << 20U;
  image.wheels[2].size_bytes = 2U << 20U;
  build(false, 1);
  std::vector<std::string> wheels;
  for (const std::string& id : events.take_started()) {
    if (const auto at = id.find("wheel:"); at != std::string::npos) wheels.push_back(id.substr(at + 6));
  }
  EXPECT_EQ(wheels, (std::vector<std::string>{"single", "halves:1", "halves:2", "small"}));
}

TEST_F(BuildTest, AMissingInputIsFetchedAndItsFailureNamesIt) {
  LockedFile wheel;
  wheel.name = "tomli";
  wheel.version = "2.0.1";
  wheel.filename = "tomli-2.0.1-py3-none-any.whl";
  wheel.sha256 = BlobDigest(sha256("absent"));
  wheel.size_bytes = 6;
  image.wheels = {wheel};
  site.default_index = PythonIndex{"default", "http://127.0.0.1:9/simple"};
  try {
    build();
    FAIL() << "the wheel cannot be there";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    ASSERT_FALSE(error.context().empty());
    EXPECT_NE(error.context().back().find("tomli 2.0.1"), std::string::npos);
  }
}

/// A source distribution that its own backend builds, by the host's Python, in a root of the base's packages.
struct SdistInBuildTest : BuildTest {
  SdistInBuildTest() {
    sandbox_of_build = &python;
    spec.variants[0].bytecode = false;
    const auto more = test::DebBuilder::named("libtoy").file("usr/lib/libtoy.so", "a library");
    const Bytes deb = more.build();
    image.system_runtime = {
        {more.name, more.version, more.architecture, "bookworm", "pool/l.deb", keep(deb), deb.size(), "wanted"}};
    LockedFile file;
    file.name = "toy";
    file.version = "1.0";
    file.filename = "toy-1.0.tar.gz";
    file.sha256 = keep(Deflater(6).gzip_member(as_bytes(tar())));
    image.sdists = {{file, {}}};
  }
  std::string tar() const {
    return tar_of(
        {{"toy-1.0/pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"},
         {"toy-1.0/own.py", backend}});
  }
  test::HostPython python;
  const std::string backend = R"(
import base64, hashlib, os, zipfile
NAME = "toy-1.0-py3-none-any.whl"
FILES = {"toy.py": "one = 1\n", "toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
         "toy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
def row(name):
    digest = base64.urlsafe_b64encode(hashlib.sha256(FILES[name].encode()).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(FILES[name])}\n"
def build_wheel(directory, config_settings=None, metadata_directory=None):
    record = "toy-1.0.dist-info/RECORD"
    files = {**FILES, record: "".join(map(row, FILES)) + record + ",,\n"}
    with zipfile.ZipFile(os.path.join(directory, NAME), "w") as wheel:
        for name, content in files.items():
            wheel.writestr(zipfile.ZipInfo(name), content)
    return NAME
)";
};

TEST_F(SdistInBuildTest, EachDebianPackageIsDecodedOnceForLayersAndRoots) {
  const BuildResult result = build();
  EXPECT_EQ(result.layers_made, 4U);  // base, system libraries, the wheel, the application
  EXPECT_EQ(events.debs_decoded, image.base.size() + image.system_runtime.size());
  EXPECT_EQ(build().layers_made, 0U);
  EXPECT_EQ(events.debs_decoded, image.base.size() + image.system_runtime.size());
}

TEST_F(SdistInBuildTest, AllIsMadeOnceMoreWhenForced) {
  const BuildResult first = build();
  const BuildResult forced = build(true);
  EXPECT_EQ(forced.layers_made, first.layers_made);
  EXPECT_EQ(forced.image.manifest.digest, first.image.manifest.digest);
}

/// Runs nothing, and ends when it is told to.
class EndlessSandbox final : public Sandbox {
 public:
  SandboxOutcome run(const SandboxJob&, const Cancellation& cancellation) override {
    started.set_value();
    while (!cancellation.requested()) std::this_thread::yield();
    ++stopped;
    throw Error(ErrorKind::Interrupted, "interrupted");
  }
  SandboxLevel level() override { return SandboxLevel::L0; }
  std::promise<void> started;
  std::atomic<int> stopped = 0;
};

/// An index whose wheel comes when the build from source runs.
struct FailureBesideSdistTest : SdistInBuildTest {
  FailureBesideSdistTest() {
    sandbox_of_build = &endless;
    test::WheelBuilder broken = test::WheelBuilder::named("broken").add("broken.py", "x = 1\n");
    broken.record_rows["broken.py"] = "broken.py," + test::record_hash_of("y = 2\n") + ",6";
    wheel = broken.build();
    LockedFile file;
    file.name = broken.name;
    file.version = broken.version;
    file.filename = broken.filename();
    file.sha256 = BlobDigest(sha256(wheel));
    file.size_bytes = wheel.size();
    image.wheels = {file};
    site.default_index = PythonIndex{"default", index.url("/simple")};
  }
  /// Of a build from the index.
  Error failure() {
    try {
      build_image(request(), {store, *client, endless, site, cancellation, events, 2});
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the build did not fail";
    return {ErrorKind::Internal, "nothing failed"};
  }
  EndlessSandbox endless;
  Bytes wheel;
  int wheel_status = 200;
  std::unique_ptr<HttpClient> client = make_http_client(cancellation);
  test::HttpServer index{[this](const test::SeenRequest& seen) {
    const LockedFile& file = image.wheels[0];
    if (!seen.target.ends_with(".whl")) {
      return test::CannedAnswer{
          .headers = {{"Content-Type", "text/html"}},
          .body = fmt::format("<a href=\"/{0}#sha256={1}\">{0}</a>", file.filename, file.sha256.hex())};
    }
    endless.started.get_future().wait();
    return test::CannedAnswer{.status = wheel_status, .body = std::string(as_text(wheel))};
  }};
};

TEST_F(FailureBesideSdistTest, ALayerThatFailsEndsABuildFromSourceAndIsTheError) {
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.message();
  EXPECT_NE(std::string(error.what()).find("broken.py"), std::string::npos) << error.what();
  EXPECT_EQ(endless.stopped, 1);
  EXPECT_FALSE(cancellation.requested()) << "other builds go on";
}

TEST_F(FailureBesideSdistTest, ADownloadThatFailsEndsABuildFromSourceAndIsTheError) {
  wheel_status = 403;
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Network) << error.message();
  EXPECT_NE(std::string(error.what()).find("403"), std::string::npos) << error.what();
  EXPECT_EQ(endless.stopped, 1);
}

TEST_F(FailureBesideSdistTest, WhoInterruptsIsToldThat) {
  std::thread user([this] {
    endless.started.get_future().wait();
    cancellation.request();
  });
  image.wheels.clear();
  EXPECT_EQ(failure().kind(), ErrorKind::Interrupted);
  user.join();
  EXPECT_EQ(endless.stopped, 1);
}

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
    LockedFile wheel;
    wheel.name = builder.name;
    wheel.version = builder.version;
    wheel.filename = builder.filename();
    wheel.sha256 = BlobDigest(sha256(bytes));
    wheel.size_bytes = bytes.size();
    image.wheels = {wheel};
    index_ = std::make_unique<test::HttpServer>([this, wheel, bytes](const test::SeenRequest& request) {
      if (!request.target.ends_with(".whl")) {
        return test::CannedAnswer{
            .headers = {{"Content-Type", "text/html"}},
            .body = fmt::format("<a href=\"/{0}#sha256={1}\">{0}</a>", wheel.filename, wheel.sha256.hex())};
      }
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
