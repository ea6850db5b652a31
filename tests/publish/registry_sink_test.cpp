// Against the real server: it checks digests, order and logins, and writes its own log of who asked for what.

#include "publish/image_builder.hpp"
#include "support/docker_registry.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace mlbuild::test {
namespace {

using nlohmann::json;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class Login final : public CredentialSource {
 public:
  explicit Login(std::string password) { credential_.username = "user", credential_.password = std::move(password); }
  std::optional<RegistryCredential> find(const std::string&, const std::string&) override { return credential_; }
  std::vector<std::string> tried(const std::string&) const override { return {"the test's login"}; }

 private:
  RegistryCredential credential_;
};

class RegistrySinkTest : public testing::Test {
 protected:
  void SetUp() override { serve({}); }
  void serve(DockerRegistry::Options options) {
    registry_ = std::make_unique<DockerRegistry>(options);
    HttpTuning tuning;
    tuning.backoff_base = std::chrono::milliseconds(10);
    http_ = make_http_client(cancellation_, tuning);
  }
  PublishResult push(const std::vector<Image>& images, const std::string& name, CredentialSource& credentials,
                     std::vector<std::string> mount_from = {}) {
    RegistryAccess access{*http_, credentials};
    access.mount_from = std::move(mount_from);
    moved_ = 0;
    return make_sink("registry:" + registry_->host() + "/" + name, &access)
        ->put(
            images, "other:tag", store_, [this](std::uint64_t bytes) { moved_ += bytes; }, cancellation_);
  }
  PublishResult push(const std::vector<Image>& images, const std::string& name,
                     std::vector<std::string> mount_from = {}) {
    AnonymousCredentials nobody;
    return push(images, name, nobody, std::move(mount_from));
  }
  Error failure_of_push(const std::string& name, CredentialSource& credentials) {
    try {
      push({image_}, name, credentials);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, "none"};
  }
  /// Another top layer on the same base.
  Image changed_image() {
    std::vector<ImageLayer> layers{image_.layers.front(),
                                   make_layer_of(store_, {{"app/main.py", "print('ho')\n"}}, "app")};
    return compose_image(layers, RunConfig(), oci::Platform{"linux", "amd64", ""}, 315532800);
  }
  /// stdout of skopeo, which must be content.
  std::string skopeo(std::vector<std::string> arguments) {
    Command command;
    command.argv = std::move(arguments);
    command.argv.insert(command.argv.begin(), "skopeo");
    command.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", directory_.path().string()}};
    const CommandResult result = run_command(command, cancellation_);
    EXPECT_TRUE(result.ok()) << result.err;
    return result.out;
  }
  std::size_t log_mark() const { return registry_->log().size(); }

  TempDir directory_;
  Cancellation cancellation_;
  MemoryStore store_;
  Image image_ = make_tiny_image(store_);
  std::unique_ptr<DockerRegistry> registry_;
  std::unique_ptr<HttpClient> http_;
  std::atomic<std::uint64_t> moved_{0};
};

TEST_F(RegistrySinkTest, SkopeoReadsBackWhatWasPushed) {
  const PublishResult result = push({image_}, "team/app:1.0");
  EXPECT_EQ(result.where, registry_->host() + "/team/app:1.0");
  EXPECT_EQ(result.digest, image_.manifest.digest);
  const std::string name = "docker://" + registry_->host() + "/team/app:1.0";
  EXPECT_EQ(skopeo({"inspect", "--raw", "--tls-verify=false", name}), image_.manifest_json);
  const json seen = json::parse(skopeo({"inspect", "--tls-verify=false", name}));
  EXPECT_EQ(seen["Digest"], image_.manifest.digest.to_string());
  EXPECT_EQ(seen["Architecture"], "amd64");
  skopeo({"copy", "--src-tls-verify=false", name, "oci:" + (directory_.path() / "copy").string() + ":x"});
  for (const ImageLayer& layer : image_.layers) {
    const auto file = directory_.path() / "copy/blobs/sha256" / layer.facts.digest.hex();
    EXPECT_EQ(std::filesystem::file_size(file), layer.facts.size_bytes);
  }
}

TEST_F(RegistrySinkTest, CountsEachByteOnce) {
  const PublishResult result = push({image_}, "team/app:1.0");
  EXPECT_EQ(moved_, image_.compressed_size_bytes());
  EXPECT_EQ(result.written_bytes, image_.compressed_size_bytes() + image_.manifest_json.size());
  EXPECT_EQ(result.reused_bytes, 0U);
}

TEST_F(RegistrySinkTest, PushingAgainOnlyLooks) {
  push({image_}, "team/app:1.0");
  const std::size_t mark = log_mark();
  const PublishResult again = push({image_}, "team/app:1.0");
  EXPECT_EQ(again.written_bytes, 0U);
  EXPECT_EQ(moved_, image_.compressed_size_bytes());
  for (const char* method : {"POST", "PUT", "PATCH", "HEAD", "DELETE"})
    EXPECT_THAT(registry_->log_of(method, mark), IsEmpty());
}

TEST_F(RegistrySinkTest, SendsOnlyWhatChanged) {
  push({image_}, "team/app:1.0");
  const std::size_t mark = log_mark();
  const Image changed = changed_image();
  const PublishResult result = push({changed}, "team/app:1.0");
  EXPECT_THAT(registry_->log_of("POST", mark), SizeIs(2));  // the top layer and the config
  EXPECT_THAT(registry_->log_of("PUT", mark), SizeIs(3));
  EXPECT_EQ(result.reused_bytes, image_.layers.front().facts.size_bytes);
  push({image_}, "team/app:other-tag");  // nothing behind that tag: each blob is looked for, and found
  EXPECT_THAT(registry_->log_of("POST", mark), SizeIs(2));
}

TEST_F(RegistrySinkTest, ManifestsFollowTheirBlobsAndTagsAreLast) {
  const Image other = make_tiny_image(store_, "arm64");
  const PublishResult result = push({image_, other}, "team/app:1.0");
  const std::vector<std::string> puts = registry_->log_of("PUT");
  ASSERT_THAT(puts, SizeIs(8));  // one layer is in both, two are not; two configs, two manifests, the index
  for (std::size_t i = 0; i < 5; ++i) EXPECT_THAT(puts[i], HasSubstr("/blobs/uploads/"));
  EXPECT_THAT(puts[5], HasSubstr("/manifests/" + image_.manifest.digest.to_string()));
  EXPECT_THAT(puts[6], HasSubstr("/manifests/" + other.manifest.digest.to_string()));
  EXPECT_EQ(puts[7], "PUT /v2/team/app/manifests/1.0 201");
  const std::string name = "docker://" + registry_->host() + "/team/app:1.0";
  const std::string index = skopeo({"inspect", "--raw", "--tls-verify=false", name});
  EXPECT_EQ(BlobDigest(sha256(index)), result.digest);
  const json arm = json::parse(skopeo({"--override-arch=arm64", "inspect", "--tls-verify=false", name}));
  EXPECT_EQ(arm["Architecture"], "arm64");
  const std::size_t mark = log_mark();
  EXPECT_EQ(push({image_, other}, "team/app:1.0").written_bytes, 0U);
  EXPECT_THAT(registry_->log_of("PUT", mark), IsEmpty());
}

TEST_F(RegistrySinkTest, MountsFromAnotherRepository) {
  push({image_}, "team/base:1.0");
  const std::size_t mark = log_mark();
  const PublishResult result = push({changed_image()}, "team/app:1.0", {"team/base"});
  EXPECT_THAT(registry_->log_of("POST /v2/team/app/blobs/uploads/ 201", mark), SizeIs(1));  // mounted
  EXPECT_THAT(registry_->log_of("PUT /v2/team/app/blobs", mark), SizeIs(2));
  EXPECT_EQ(result.reused_bytes, image_.layers.front().facts.size_bytes);
  skopeo({"inspect", "--tls-verify=false", "docker://" + registry_->host() + "/team/app:1.0"});
}

TEST_F(RegistrySinkTest, ABlobThatTheRegistryLostIsSentAgain) {
  push({image_}, "team/app:1.0");
  const std::string lost = image_.layers.front().facts.digest.hex();
  std::filesystem::remove_all(registry_->data() / "docker/registry/v2/repositories/team/app/_layers/sha256" / lost);
  const std::size_t mark = log_mark();
  push({changed_image()}, "team/app:1.0");
  EXPECT_THAT(registry_->log_of("PUT /v2/team/app/manifests/1.0 400", mark), SizeIs(1));
  EXPECT_THAT(registry_->log_of("PUT /v2/team/app/manifests/1.0 201", mark), SizeIs(1));
  EXPECT_THAT(registry_->log_of("PUT /v2/team/app/blobs", mark), SizeIs(3));
}

TEST_F(RegistrySinkTest, GivesAllItsTags) {
  AnonymousCredentials nobody;
  const RegistryAccess access{*http_, nobody};
  oci::Reference where = oci::Reference::parse(registry_->host() + "/team/app:1");
  const auto sink = make_registry_sink(where, {"1.0", "latest"}, access);
  sink->put({image_}, "", store_, nullptr, cancellation_);
  RegistryClient client(registry_->host(), *http_, nobody, cancellation_);
  EXPECT_THAT(client.fetch_tags("team/app"), testing::UnorderedElementsAre("1", "1.0", "latest"));
  for (const char* tag : {"1", "1.0", "latest"})
    EXPECT_EQ(client.find_manifest("team/app", tag), image_.manifest.digest);
}

TEST_F(RegistrySinkTest, WithoutTagTakesThatOfTheImagesName) {
  EXPECT_EQ(push({image_}, "team/app").where, registry_->host() + "/team/app:tag");
}

TEST_F(RegistrySinkTest, ReadsBackBlobs) {
  push({image_}, "team/app:1.0");
  AnonymousCredentials nobody;
  RegistryClient client(registry_->host(), *http_, nobody, cancellation_);
  std::optional<BytesSink> sink;
  client.fetch_blob("team/app", image_.config, [&]() -> Sink& { return sink.emplace(); });
  EXPECT_EQ(sink->text(), image_.config_json);
}

TEST_F(RegistrySinkTest, LargeBlobsArriveWhole) {
  std::string content(40U << 20U, '\0');
  for (std::size_t i = 0; i < content.size(); i += 97) content[i] = static_cast<char>(i / 97);
  const std::unique_ptr<BlobWriter> writer = store_.begin();
  writer->write(as_bytes(content));
  ImageLayer layer = image_.layers.front();
  layer.facts.digest = writer->commit();
  layer.facts.size_bytes = content.size();
  push({compose_image({layer}, RunConfig(), oci::Platform{}, 0)}, "team/large:1");
  EXPECT_EQ(std::filesystem::file_size(registry_->data() / "docker/registry/v2/blobs/sha256" /
                                       layer.facts.digest.hex().substr(0, 2) / layer.facts.digest.hex() / "data"),
            content.size());
}

TEST_F(RegistrySinkTest, APasswordIsShownWhereOneIsWanted) {
  serve({.login = true, .tls = false});
  AnonymousCredentials nobody;
  EXPECT_THAT(failure_of_push("team/app:1", nobody).hint_text(), HasSubstr("mlbuild login " + registry_->host()));
  Login wrong("wrong-secret");
  const Error refused = failure_of_push("team/app:1", wrong);
  EXPECT_THAT(refused.message(), HasSubstr("wants a login"));
  EXPECT_THAT(refused.message() + refused.hint_text(), Not(HasSubstr("wrong-secret")));
  Login right("secret");
  EXPECT_EQ(push({image_}, "team/base:1", right).digest, image_.manifest.digest);
  EXPECT_EQ(push({image_}, "team/app:1", right, {"team/base"}).written_bytes, image_.manifest_json.size());
}

TEST_F(RegistrySinkTest, LoopbackMaySpeakTls) {
  serve({.login = true, .tls = true});
  Login right("secret");
  EXPECT_THAT(failure_of_push("team/app:1", right).message(), HasSubstr("certificate"));
  ::setenv("SSL_CERT_FILE", registry_->certificate().c_str(), 1);
  http_ = make_http_client(cancellation_);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(push({image_}, "team/app:1", right).digest, image_.manifest.digest);
  EXPECT_THAT(registry_->log_of("PUT"), Each(EndsWith(" 201")));
}

TEST_F(RegistrySinkTest, CertificatesOfItsOwnDirectoryOpenARegistry) {
  serve({.login = false, .tls = true, .client_certificate = true});
  const std::filesystem::path certs = directory_.path() / "certs.d" / registry_->host();
  std::filesystem::create_directories(certs);
  AnonymousCredentials nobody;
  EXPECT_THAT(failure_of_push("team/app:1", nobody).message(), HasSubstr("certificate"));
  std::filesystem::copy_file(registry_->certificate(), certs / "ca.crt");
  const auto open = [&] { return make_http_client(cancellation_, {.tries = 1}, {"/none", certs.parent_path()}); };
  http_ = open();
  EXPECT_EQ(failure_of_push("team/app:1", nobody).kind(), ErrorKind::Network);  // who are you?
  std::filesystem::copy_file(registry_->client_certificate(), certs / "client.cert");
  http_ = open();
  EXPECT_THAT(failure_of_push("team/app:1", nobody).message(), HasSubstr("client.key"));
  std::filesystem::copy_file(registry_->client_certificate().parent_path() / "client.key", certs / "client.key");
  http_ = open();
  EXPECT_EQ(push({image_}, "team/app:1").digest, image_.manifest.digest);
}

TEST_F(RegistrySinkTest, CancellationEndsAPushWithoutATag) {
  cancellation_.request();
  EXPECT_THROW(push({image_}, "team/app:1.0"), Error);
  EXPECT_THAT(registry_->log_of("PUT"), IsEmpty());
}

}  // namespace
}  // namespace mlbuild::test
