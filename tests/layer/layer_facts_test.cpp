#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/layer.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

LayerFacts sample() {
  LayerFacts facts;
  facts.media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
  facts.digest = BlobDigest(sha256("blob"));
  facts.size_bytes = 7;
  facts.diff_id = DiffId(sha256("tar"));
  facts.plain_size_bytes = 1024;
  facts.entry_count = 3;
  facts.packages = {{"wheel", "numpy", "1.26.4", 60, 18}};
  facts.warnings = {"wheel `x`: RECORD does not list `y`"};
  return facts;
}

TEST(LayerFacts, JsonIsReadBackAsItWas) {
  const std::string json = to_json(sample());
  const LayerFacts facts = parse_layer_facts(json);
  EXPECT_EQ(to_json(facts), json);
  EXPECT_EQ(facts.digest, sample().digest);
  EXPECT_EQ(facts.diff_id, sample().diff_id);
  EXPECT_EQ(facts.packages.at(0).compressed_size_bytes, 18U);
  EXPECT_EQ(facts.warnings, sample().warnings);
}

TEST(LayerFacts, JsonIsCanonical) {
  LayerFacts facts;
  facts.packages = {{"deb", "libc6", "2.36", 2, 1}};
  const std::string zeros(64, '0');
  EXPECT_EQ(to_json(facts),
            R"({"diffId":"sha256:)" + zeros + R"(","digest":"sha256:)" + zeros +
                R"(","entryCount":0,"mediaType":"","packages":[{"compressedSizeBytes":1,"kind":"deb","name":"libc6",)"
                R"("plainSizeBytes":2,"version":"2.36"}],"plainSizeBytes":0,"sizeBytes":0,"warnings":[]})");
}

TEST(LayerFacts, DamagedJsonIsForeign) {
  std::string beyond = to_json(LayerFacts());
  beyond.replace(beyond.find("\"entryCount\":0"), 14, "\"entryCount\":3e20");
  for (const std::string& damaged : std::vector<std::string>{"", "{}", "[]", "{\"digest\":1}", beyond}) {
    try {
      parse_layer_facts(damaged);
      FAIL() << damaged;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign) << damaged;
    }
  }
}

}  // namespace
}  // namespace mlbuild
