// Builds from source as part of a build, and what fails beside them.
#include "build_fixture.hpp"
#include "support/host_python.hpp"
#include "support/tar_text.hpp"

#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"

#include <future>
#include <thread>

namespace mlbuild {
namespace {

using test::BuildTest;

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
    image.wheels = {test::locked_wheel(broken, wheel)};
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
    if (!seen.target.ends_with(".whl")) return test::index_page(image.wheels[0]);
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

}  // namespace
}  // namespace mlbuild
