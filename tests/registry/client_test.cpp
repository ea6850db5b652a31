#include "registry/client_fixture.hpp"

#include "mlbuild/net/ranged_client.hpp"
#include "mlbuild/oci/oci.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace mlbuild::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Client : public RegistryClientTest {
 protected:
  oci::Descriptor descriptor(const std::string& content) {
    oci::Descriptor descriptor;
    descriptor.digest = BlobDigest(sha256(content));
    descriptor.size_bytes = content.size();
    return descriptor;
  }
  std::string fetch(const oci::Descriptor& what) {
    std::optional<BytesSink> sink;
    client_->fetch_blob("team/app", what, [&]() -> Sink& { return sink.emplace(); });
    return std::string(sink->text());
  }
};

TEST_F(Client, FetchesABlobAndChecksIt) {
  start({});
  registry_->add_blob("team/app", "content");
  EXPECT_EQ(fetch(descriptor("content")), "content");
}

TEST_F(Client, ALargeBlobWhoseTokenEndsBetweenTwoPartsComesAsOneStream) {
  const std::string content(50'000, 'x');
  http_ = make_ranged_client(make_http_client(cancellation_, impatient()),
                             {.file_bytes = 20'000, .part_bytes = 10'000, .alone_bytes = 10'000, .loopback = true});
  const auto expire = [this](const SeenRequest& request) {
    const auto range = request.headers.find("range");
    if (range != request.headers.end() && !range->second.starts_with("bytes=0-")) registry_->expire_tokens();
  };
  start({.login = RegistryManners::Login::Bearer, .on_request = expire}, login("user", "pw"));
  registry_->add_blob("team/app", content);
  EXPECT_FALSE(client_->fetch_manifest("team/app", "1")) << "asked first, as always; so a token is known";
  EXPECT_EQ(fetch(descriptor(content)), content);
  EXPECT_FALSE(registry_->server().requests().back().headers.contains("range"));
}

TEST_F(Client, OtherBytesThanPromisedAreForeign) {
  HttpServer liar([](const SeenRequest&) { return CannedAnswer{.body = "CONTENT"}; });
  AnonymousCredentials nobody;
  client_ = std::make_unique<RegistryClient>("127.0.0.1:" + std::to_string(liar.port()), *http_, nobody, cancellation_);
  EXPECT_EQ(failure_of([&] { fetch(descriptor("content")); }).kind(), ErrorKind::Foreign);
  EXPECT_EQ(failure_of([&] { fetch(descriptor("content and more")); }).kind(), ErrorKind::Foreign);
  EXPECT_EQ(failure_of([&] { fetch(descriptor("c")); }).kind(), ErrorKind::Network);  // stops at the promised size
  EXPECT_EQ(failure_of([&] { client_->fetch_manifest("team/app", digest_of("x")); }).kind(), ErrorKind::Foreign);
}

TEST_F(Client, AMissingBlobIsAnErrorThatNamesIt) {
  start({});
  EXPECT_THAT(failure_of([&] { fetch(descriptor("content")); }).message(), HasSubstr(digest_of("content")));
  EXPECT_FALSE(client_->has_blob("team/app", BlobDigest(sha256("content"))));
}

TEST_F(Client, KeepsManifestsByteForByte) {
  start({});
  const std::string bytes = "{ \"schemaVersion\": 2, \"odd\" : [1,2] }\n";
  EXPECT_TRUE(client_->put_manifest("team/app", "1", oci::kManifestMediaType, bytes));
  const auto manifest = client_->fetch_manifest("team/app", "1");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->bytes, bytes);
  EXPECT_EQ(manifest->media_type, oci::kManifestMediaType);  // without the parameters of Content-Type
  EXPECT_EQ(manifest->digest.to_string(), digest_of(bytes));
  EXPECT_EQ(client_->find_manifest("team/app", "1"), manifest->digest);
  EXPECT_EQ(client_->fetch_manifest("team/app", "2"), std::nullopt);
  EXPECT_EQ(client_->find_manifest("team/app", "2"), std::nullopt);
}

TEST_F(Client, AManifestBeforeItsBlobsIsNotTaken) {
  start({});
  const std::string manifest = R"({"layers":[{"digest":")" + digest_of("layer") + "\"}]}";
  EXPECT_FALSE(client_->put_manifest("team/app", "1", oci::kManifestMediaType, manifest));
  push("layer");
  EXPECT_TRUE(client_->put_manifest("team/app", "1", oci::kManifestMediaType, manifest));
}

TEST_F(Client, ListsTagsOverAllPages) {
  HttpServer server;
  server.answer("/v2/", {});
  server.answer("/v2/team/app/tags/list?n=1000",
                {.headers = {{"Link", "</v2/team/app/tags/list?n=1000&last=b>; rel=\"next\""}},
                 .body = R"({"name":"team/app","tags":["a","b"]})"});
  server.answer("/v2/team/app/tags/list?n=1000&last=b", {.body = R"({"tags":["c"]})"});
  AnonymousCredentials nobody;
  RegistryClient client("127.0.0.1:" + std::to_string(server.port()), *http_, nobody, cancellation_);
  EXPECT_THAT(client.fetch_tags("team/app"), ElementsAre("a", "b", "c"));
  server.answer("/v2/none/tags/list?n=1000", {.body = R"({"name":"none","tags":null})"});
  EXPECT_TRUE(client.fetch_tags("none").empty());
}

TEST_F(Client, NeverHasMoreRequestsAtATimeThanAllowed) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  HttpServer server([&](const SeenRequest& request) {
    if (request.target != "/v2/") {
      const int mine = ++now;
      int seen = most;
      while (seen < mine && !most.compare_exchange_weak(seen, mine)) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      --now;
    }
    return CannedAnswer{.status = 200};
  });
  AnonymousCredentials nobody;
  RegistryOptions options;
  options.parallel = 3;
  RegistryClient client("127.0.0.1:" + std::to_string(server.port()), *http_, nobody, cancellation_, options);
  {
    std::vector<std::jthread> threads;
    threads.reserve(12);
    for (int i = 0; i < 12; ++i) threads.emplace_back([&] { client.has_blob("a", BlobDigest(sha256("x"))); });
  }
  EXPECT_EQ(most, 3);
}

TEST_F(Client, TellsBeforehandWhatARegistryWillNotTake) {
  AnonymousCredentials nobody;
  const RegistryClient limited("ghcr.io", *http_, nobody, cancellation_);
  EXPECT_NO_THROW(limited.check_size(BlobDigest(), 9'000'000'000));
  const Error error = failure_of([&] { limited.check_size(BlobDigest(), 11'000'000'000); });
  EXPECT_EQ(error.kind(), ErrorKind::Usage);
  EXPECT_THAT(error.message(), HasSubstr("10.0 GB"));
}

/// Answers 404 and remembers what it was asked for.
class RecordingHttp final : public HttpClient {
 public:
  HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>&) override {
    urls.push_back(request.method + " " + request.url);
    HttpResponse response;
    response.status = 404;
    response.final_url = request.url;
    return response;
  }
  std::vector<std::string> urls;
};

std::vector<std::string> urls_asked(const std::string& registry, const std::string& repository, bool plain_http) {
  RecordingHttp http;
  AnonymousCredentials nobody;
  const Cancellation never;
  RegistryOptions options;
  options.plain_http = plain_http;
  RegistryClient(registry, http, nobody, never, options).fetch_manifest(repository, "1");
  return http.urls;
}

TEST_F(Client, SpeaksHttpOnlyToLoopbackAndWhereItWasTold) {
  EXPECT_THAT(urls_asked("reg.example", "a/b", false), ElementsAre("GET https://reg.example/v2/a/b/manifests/1"));
  EXPECT_THAT(urls_asked("10.0.0.1:5000", "a", false), ElementsAre("GET https://10.0.0.1:5000/v2/a/manifests/1"));
  EXPECT_THAT(urls_asked("reg.example:5000", "a", true), ElementsAre("GET http://reg.example:5000/v2/a/manifests/1"));
  EXPECT_THAT(urls_asked("localhost:5000", "a", false),
              ElementsAre("GET http://localhost:5000/v2/", "GET http://localhost:5000/v2/a/manifests/1"));
}

TEST_F(Client, KnowsWhereTheDefaultRegistryHasItsApi) {
  EXPECT_THAT(urls_asked("docker.io", "python", false),
              ElementsAre("GET https://registry-1.docker.io/v2/library/python/manifests/1"));
  EXPECT_THAT(urls_asked("docker.io", "team/app", false),
              ElementsAre("GET https://registry-1.docker.io/v2/team/app/manifests/1"));
}

}  // namespace
}  // namespace mlbuild::test
