#pragma once

#include "support/deb_builder.hpp"
#include "support/http_server.hpp"
#include "support/wheel_builder.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild::test {

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

inline LockedFile locked_wheel(const WheelBuilder& builder, ByteSpan bytes) {
  LockedFile file;
  file.name = builder.name;
  file.version = builder.version;
  file.filename = builder.filename();
  file.sha256 = BlobDigest(sha256(bytes));
  file.size_bytes = bytes.size();
  return file;
}

/// An index's page of a project with this file.
inline CannedAnswer index_page(const LockedFile& file) {
  return {.headers = {{"Content-Type", "text/html"}},
          .body = fmt::format("<a href=\"/{0}#sha256={1}\">{0}</a>", file.filename, file.sha256.hex())};
}

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
    auto interpreter = DebBuilder::named("python3.11-minimal");
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
  void add_wheel(const WheelBuilder& builder) {
    const Bytes bytes = builder.build();
    keep(bytes);
    image.wheels.push_back(locked_wheel(builder, bytes));
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

}  // namespace mlbuild::test
