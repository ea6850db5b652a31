#include "publish/image_builder.hpp"
#include "support/http_server.hpp"
#include "support/ordinary_user.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace mlbuild::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLoad = "/images/load?quiet=1";
constexpr const char* kLoaded = "{\"stream\":\"Loaded image: team/tiny:1.0\\n\"}\r\n";

template <class Body>
Error failure_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorKind::Internal, "none"};
}

class DaemonSinkTest : public testing::Test {
 protected:
  PublishResult put(const std::vector<Image>& images) {
    const DaemonAccess daemon{*http_, {socket_}};
    return make_sink("daemon", nullptr, &daemon)
        ->put(
            images, "team/tiny:1.0", store_, [this](std::uint64_t bytes) { moved(bytes); }, cancellation_);
  }
  Error failure_after(CannedAnswer answer) {
    server_.answer(kLoad, std::move(answer));
    return failure_of([&] { put({image_}); });
  }
  /// One layer of so many bytes that no socket buffer takes them.
  Image large_image() {
    std::string content(std::size_t{8} << 20U, '\0');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>((i * 2654435761U) >> 13U);
    const std::unique_ptr<BlobWriter> writer = store_.begin();
    writer->write(as_bytes(content));
    ImageLayer layer = image_.layers.front();
    layer.facts.digest = writer->commit();
    layer.facts.size_bytes = content.size();
    return compose_image({layer}, RunConfig(), oci::Platform(), 0);
  }
  void moved(std::uint64_t bytes) {
    moved_ += bytes;
    if (cancels_) cancellation_.request();
  }

  TempDir directory_;
  std::filesystem::path socket_ = directory_.path() / "docker.sock";
  MemoryStore store_;
  Image image_ = make_tiny_image(store_);
  Cancellation cancellation_;
  std::unique_ptr<HttpClient> http_ = make_http_client(cancellation_);
  HttpServer server_{socket_};
  std::uint64_t moved_ = 0;
  bool cancels_ = false;
};

TEST_F(DaemonSinkTest, SendsTheBytesOfTheDockerArchive) {
  server_.answer(kLoad, {.body = kLoaded});
  const PublishResult result = put({image_});
  const std::filesystem::path file = directory_.path() / "image.tar";
  make_docker_archive_sink(file)->put({image_}, "team/tiny:1.0", store_, nullptr, cancellation_);
  const SeenRequest seen = server_.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.headers.at("content-length"), std::to_string(std::filesystem::file_size(file)));
  EXPECT_FALSE(seen.headers.contains("authorization"));
  EXPECT_EQ(seen.body, read_text_file(file));
  EXPECT_EQ(result.where, "daemon");
  EXPECT_EQ(result.digest, image_.manifest.digest);
  EXPECT_EQ(result.written_bytes, seen.body.size());
  EXPECT_EQ(moved_, image_.compressed_size_bytes());
}

TEST_F(DaemonSinkTest, AnErrorAfterTheStatusIsToldInTheDaemonsWords) {
  const std::string line = R"({"errorDetail":{"message":"invalid diffID\u001b[31m for layer 0"},"error":"x"})"
                           "\r\n";
  const Error error = failure_after({.body = R"({"stream":"Loading layer"})"
                                             "\r\n" +
                                             line});
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("could not load the image (200): invalid diffID\\x1b[31m for layer 0"));
  EXPECT_THAT(failure_after({.body = R"({"error":"old form"})"}).message(), HasSubstr("(200): old form"));
  EXPECT_THAT(failure_after({.body = R"({"error":7})"}).message(), HasSubstr("an error without words"));
}

TEST_F(DaemonSinkTest, ARefusalIsToldInTheDaemonsWords) {
  EXPECT_THAT(failure_after({.status = 500, .body = R"({"message":"no space left on device"})"}).message(),
              HasSubstr("(500): no space left on device"));
  EXPECT_THAT(failure_after({.status = 403, .body = "plugin\x07 says no"}).message(),
              HasSubstr("(403): plugin\\x07 says no"));
  EXPECT_THAT(failure_after({.status = 404}).message(), HasSubstr("(404): it does not say why"));
  EXPECT_LT(failure_after({.status = 500, .body = std::string(50000, 'x')}).message().size(), 1000U);
}

TEST_F(DaemonSinkTest, ARefusalBeforeTheEndOfTheImageIsTold) {
  server_.cut_upload(kLoad, 1000, UploadEnd::Answer);
  server_.answer(kLoad, {.status = 500, .headers = {{"Connection", "close"}}, .body = R"({"message":"disk full"})"});
  EXPECT_THAT(failure_of([&] { put({large_image()}); }).message(), HasSubstr("(500): disk full"));
}

TEST_F(DaemonSinkTest, ACutConnectionIsTriedOnceAndNamesTheSocket) {
  server_.answer(kLoad, {.body = kLoaded, .cut_after = 5});
  for (const std::size_t after : {0U, 1000U, 5000000U}) {
    server_.cut_upload(kLoad, after);
    const Error error = failure_of([&] { put({large_image()}); });
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    EXPECT_THAT(error.message(), HasSubstr("`" + socket_.string() + "`: the connection was cut"));
    EXPECT_THAT(error.hint_text(), HasSubstr("systemctl status docker"));
  }
  EXPECT_THAT(failure_of([&] { put({image_}); }).message(), HasSubstr("the connection was cut"));  // in the answer
  EXPECT_EQ(server_.count(kLoad), 4U);
}

TEST_F(DaemonSinkTest, AnEndlessAnswerIsNotRead) {
  const std::string line = R"({"stream":"and so on"})"
                           "\n";
  EXPECT_THAT(failure_after({.body = line, .endless = true}).message(), HasSubstr("sends more than"));
}

TEST_F(DaemonSinkTest, WhatIsNoDaemonIsTold) {
  for (const char* body : {"", "hello", "<html>", "[1]", "{\"stream\":"}) {
    EXPECT_THAT(failure_after({.body = body}).message(), HasSubstr("does not answer like docker")) << body;
  }
}

TEST_F(DaemonSinkTest, SeveralPlatformsAreRefusedBeforeAnythingIsSent) {
  const Error error = failure_of([&] { put({image_, make_tiny_image(store_, "arm64")}); });
  EXPECT_EQ(error.kind(), ErrorKind::Usage);
  EXPECT_THAT(error.message(), HasSubstr("a daemon is given one platform"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(DaemonSinkTest, CancellationEndsTheStream) {
  server_.answer(kLoad, {.body = kLoaded});
  cancels_ = true;
  EXPECT_EQ(failure_of([&] { put({large_image()}); }).kind(), ErrorKind::Interrupted);
  EXPECT_LT(moved_, std::uint64_t{8} << 20U);
}

TEST_F(DaemonSinkTest, ADamagedStoreNeverGivesACompleteImage) {
  server_.answer(kLoad, {.body = kLoaded});
  Image image = large_image();
  image.layers.push_back(image_.layers.front());
  image.layers.back().facts.digest = BlobDigest();
  const Error error = failure_of([&] { put({image}); });
  EXPECT_EQ(error.kind(), ErrorKind::Io);
  EXPECT_THAT(error.context(), ElementsAre("writing layer `base`", HasSubstr("loading the image into the daemon at")));
  while (server_.requests().empty()) std::this_thread::yield();
  const SeenRequest seen = server_.requests().at(0);
  EXPECT_LT(seen.body.size(), std::stoul(seen.headers.at("content-length")));
}

class DaemonSocketTest : public testing::Test {
 protected:
  Error failure_with(std::vector<std::filesystem::path> sockets) {
    return failure_of([&] { make_daemon_sink({*http_, std::move(sockets)}); });
  }
  TempDir directory_;
  std::filesystem::path socket_ = directory_.path() / "docker.sock";
  Cancellation cancellation_;
  std::unique_ptr<HttpClient> http_ = make_http_client(cancellation_);
};

TEST_F(DaemonSocketTest, TheUsualPlacesAreThoseOfDockerAndPodman) {
  EXPECT_THAT(daemon_sockets({}), ElementsAre("/var/run/docker.sock", "/run/podman/podman.sock"));
  EXPECT_THAT(daemon_sockets({{"XDG_RUNTIME_DIR", "/run/user/7"}, {"DOCKER_HOST", ""}}),
              ElementsAre("/var/run/docker.sock", "/run/user/7/docker.sock", "/run/user/7/podman/podman.sock",
                          "/run/podman/podman.sock"));
  EXPECT_THAT(daemon_sockets({{"XDG_RUNTIME_DIR", "/run/user/7"}, {"DOCKER_HOST", "unix:///a/b.sock"}}),
              ElementsAre("/a/b.sock"));
}

TEST_F(DaemonSocketTest, ADaemonElsewhereIsRefusedWithAWayOut) {
  for (const char* host : {"tcp://10.0.0.1:2375", "ssh://me:secret@host", "/var/run/docker.sock", "unix://relative"}) {
    const Error error = failure_of([&] { daemon_sockets({{"DOCKER_HOST", host}}); });
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << host;
    EXPECT_THAT(error.message(), Not(HasSubstr("secret")));
    EXPECT_THAT(error.hint_text(), HasSubstr("docker load"));
  }
}

TEST_F(DaemonSocketTest, WithoutSocketTheErrorSaysWhereItLooked) {
  const Error error = failure_with({socket_, directory_.path() / "podman.sock"});
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("no docker or podman listens at `" + socket_.string() + "`, `"));
  EXPECT_THAT(error.hint_text(), HasSubstr("DOCKER_HOST=unix:///PATH"));
}

TEST_F(DaemonSocketTest, WithoutPermissionItSaysSo) {
  const HttpServer server(socket_);
  std::filesystem::permissions(socket_, std::filesystem::perms::none);
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
  const OrdinaryUser user;
  const Error error = failure_with({directory_.path() / "none.sock", socket_});
  EXPECT_THAT(error.message(), HasSubstr(socket_.string() + "` cannot be used: permission denied"));
  EXPECT_THAT(error.hint_text(), HasSubstr("group"));
}

TEST_F(DaemonSocketTest, AnotherThatCanBeUsedIsTaken) {
  const HttpServer server(socket_);
  write_file_atomically(directory_.path() / "file", "no socket");
  EXPECT_TRUE(make_daemon_sink({*http_, {directory_.path() / "none", directory_.path() / "file", socket_}}));
}

TEST_F(DaemonSocketTest, WhatIsNoSocketIsTold) {
  write_file_atomically(directory_.path() / "file", "no socket");
  EXPECT_THAT(failure_with({directory_.path() / "file"}).message(), HasSubstr("socket operation on non-socket"));
  EXPECT_THAT(failure_with({"/" + std::string(200, 'x')}).message(), HasSubstr("file name too long"));
}

TEST_F(DaemonSocketTest, ASocketThatNobodyListensAtIsRefused) {
  { const HttpServer gone(socket_); }
  MemoryStore store;
  const Image image = make_tiny_image(store);
  const auto sink = make_daemon_sink({*http_, {socket_}});
  const Error error = failure_of([&] { sink->put({image}, "n:1", store, nullptr, cancellation_); });
  EXPECT_THAT(error.message(), HasSubstr("cannot reach `" + socket_.string() + "`: connection refused"));
  EXPECT_THAT(error.hint_text(), HasSubstr("look whether the daemon runs"));
}

}  // namespace
}  // namespace mlbuild::test
