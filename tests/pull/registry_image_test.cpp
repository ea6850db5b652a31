// Images in registries, read through whatever mirrors there are.

#include "registry/client_fixture.hpp"

#include "mlbuild/pull/image_source.hpp"
#include "mlbuild/registry/registries_conf.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

/// A registry, and a mirror of it that gives a layer of its own.
class RegistryImageTest : public RegistryClientTest {
 protected:
  void SetUp() override {
    start({});
    registry_->add_blob("team/app", kContent);
  }
  /// The layer, read where the mirror answers with `answer`.
  std::string read_where_mirror_gives(const CannedAnswer& answer) {
    const HttpServer mirror([&](const SeenRequest& asked) { return asked.target == "/v2/" ? CannedAnswer{} : answer; });
    RegistriesConf conf;
    conf.add(fmt::format("[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"127.0.0.1:{}\"\n",
                         registry_->host(), mirror.port()),
             "registries.conf");
    RegistryOptions options;
    options.registries_conf = &conf;
    const auto client =
        std::make_shared<RegistryClient>(registry_->host(), *http_, *credentials_, cancellation_, options);
    const auto image = copy_from_registry(client, oci::Reference::parse(registry_->host() + "/team/app:1"));
    oci::Descriptor layer;
    layer.digest = BlobDigest(sha256(kContent));
    layer.size_bytes = kContent.size();
    return std::string(as_text(read_all(*image->open_blob(layer), kContent.size() + 1)));
  }
  const std::string kContent = "the bytes of a layer";
};

TEST_F(RegistryImageTest, AMirrorWithoutTheLayerIsPassedOver) {
  EXPECT_EQ(read_where_mirror_gives({.status = 404}), kContent);
}

TEST_F(RegistryImageTest, WhatAMirrorBeganTheRegistryEnds) {
  EXPECT_EQ(read_where_mirror_gives({.body = kContent, .cut_after = 5}), kContent);
}

TEST_F(RegistryImageTest, BytesOfAMirrorThatLiesAreNoLayer) {
  std::string lie = kContent;
  lie[3] = 'X';
  EXPECT_EQ(failure_of([&] { read_where_mirror_gives({.body = lie}); }).kind(), ErrorKind::Foreign);
  EXPECT_EQ(failure_of([&] { read_where_mirror_gives({.body = lie, .cut_after = 7}); }).kind(), ErrorKind::Foreign);
}

}  // namespace
}  // namespace mlbuild::test
