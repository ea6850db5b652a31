// A whole build below the command line: fake packages in a real store, no network, no sandbox.

#include "mlbuild/run/build.hpp"

#include "support/deb_builder.hpp"
#include "support/wheel_builder.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
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
  }
  std::vector<std::string> take_started() { return std::exchange(started_, {}); }

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
  BuildResult build(bool force = false) {
    BuildRequest request;
    request.spec = &spec;
    request.variant = &spec.variants[0];
    request.image = &image;
    request.force = force;
    const BuildContext context{store, http, sandbox, site, cancellation, events, 2};
    return build_image(request, context);
  }
  TempDir dir;
  DiskStore store{dir.path() / "store"};
  NoNetwork http;
  NoSandbox sandbox;
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

}  // namespace
}  // namespace mlbuild
