#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/oci/oci.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace mlbuild::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Descriptor descriptor(const std::string& type, const std::string& content) {
  Descriptor made;
  made.media_type = type;
  made.digest = BlobDigest(sha256(content));
  made.size_bytes = content.size();
  return made;
}

Manifest example() {
  Manifest manifest;
  manifest.config = descriptor(std::string(kConfigMediaType), "config");
  manifest.layers = {descriptor(std::string(kLayerGzipMediaType), "a"),
                     descriptor(std::string(kLayerGzipMediaType), "b")};
  manifest.layers[0].annotations = {{"z", "1"}, {"a", "é\"\\"}};
  return manifest;
}

/// What parsing `json` says: the error's message, "" when it is accepted.
template <class Parse>
std::string refusal(const Parse& parse, const std::string& json) {
  try {
    parse(json);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << json.substr(0, 200);
    return error.message();
  }
}

std::string manifest_refusal(const std::string& json) {
  return refusal([](const auto& text) { parse_manifest(text); }, json);
}

std::string manifest_with_layer(const std::string& layer) {
  return R"({"schemaVersion":2,"config":{"mediaType":"t","digest":")" + kDigest + R"(","size":1},"layers":[)" + layer +
         "]}";
}

TEST(Manifest, IsTheExampleOfTheSpecificationWithoutWhiteSpace) {
  // image-spec v1.1, manifest.md, "Example Image Manifest", shortened to one layer.
  Manifest manifest;
  manifest.config.media_type = kConfigMediaType;
  manifest.config.digest = BlobDigest::parse("sha256:b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9bce1f432a537bc7");
  manifest.config.size_bytes = 7023;
  Descriptor layer;
  layer.media_type = kLayerGzipMediaType;
  layer.digest = BlobDigest::parse("sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0");
  layer.size_bytes = 32654;
  manifest.layers = {layer};
  manifest.annotations = {{"com.example.key2", "value2"}, {"com.example.key1", "value1"}};
  EXPECT_EQ(to_json(manifest),
            R"({"annotations":{"com.example.key1":"value1","com.example.key2":"value2"},)"
            R"("config":{"digest":"sha256:b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9bce1f432a537bc7",)"
            R"("mediaType":"application/vnd.oci.image.config.v1+json","size":7023},)"
            R"("layers":[{"digest":"sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",)"
            R"("mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":32654}],)"
            R"("mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2})");
}

TEST(Manifest, ReadsWhatItWrites) {
  const std::string json = to_json(example());
  EXPECT_EQ(to_json(parse_manifest(json)), json);
}

TEST(Manifest, HasOneDigestWhateverTheOrderOfAnnotations) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 50; ++i) pairs.emplace_back("key" + std::to_string(i), std::to_string(i * i));
  std::mt19937 random(7);
  Manifest first = example();
  first.annotations = {pairs.begin(), pairs.end()};
  for (int round = 0; round < 20; ++round) {
    std::shuffle(pairs.begin(), pairs.end(), random);
    Manifest again = example();
    for (const auto& [key, value] : pairs) again.annotations.emplace(key, value);
    ASSERT_EQ(to_json(again), to_json(first));
  }
}

TEST(Manifest, SortsKeysBytewise) {
  Manifest manifest = example();
  manifest.annotations = {{"a", "1"}, {"B", "2"}, {"é", "3"}, {"a.b", "4"}};
  EXPECT_TRUE(to_json(manifest).starts_with(R"({"annotations":{"B":"2","a":"1","a.b":"4","é":"3"},)"));
}

TEST(Manifest, RefusesWhatIsNoJson) {
  for (const char* json :
       {"", "{", "nul", "[1,2", "{\"a\":1}x", "\xff\xfe", "{\"schemaVersion\":2,\"a\":\"\xc3\x28\"}"}) {
    EXPECT_NE(manifest_refusal(json), "") << json;
  }
}

TEST(Manifest, RefusesDeepNestingWithoutRecursingIntoIt) {
  const std::string bomb(1U << 20U, '[');
  EXPECT_NE(manifest_refusal(bomb).find("nested too deeply"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += R"({"a":)";
  EXPECT_NE(manifest_refusal(objects).find("nested too deeply"), std::string::npos);
}

TEST(Manifest, RefusesTextBeyondItsLimit) {
  const std::string json = manifest_with_layer("") + std::string(9U << 20U, ' ');
  EXPECT_NE(manifest_refusal(json).find("bytes, more than"), std::string::npos);
}

TEST(Manifest, RefusesTooManyLayers) {
  const std::string layer = R"({"mediaType":"t","digest":")" + kDigest + R"(","size":1})";
  std::string layers = layer;
  for (int i = 0; i < 10000; ++i) layers += "," + layer;
  EXPECT_NE(manifest_refusal(manifest_with_layer(layers)).find("too long"), std::string::npos);
}

TEST(Manifest, RefusesSizesThatAreNoNaturalNumbers) {
  for (const char* size : {"-1", "1.5", "1e3", "\"7\"", "null", "true", "99999999999999999999999999", "1e999", "[]"}) {
    const std::string layer = R"({"mediaType":"t","digest":")" + kDigest + R"(","size":)" + size + "}";
    EXPECT_NE(manifest_refusal(manifest_with_layer(layer)), "") << size;
  }
}

TEST(Manifest, RefusesSizesWhoseSumOverflows) {
  const std::string layer = R"({"mediaType":"t","digest":")" + kDigest + R"(","size":18446744073709551615})";
  EXPECT_NE(manifest_refusal(manifest_with_layer(layer)).find("absurd"), std::string::npos);
}

TEST(Manifest, RefusesDigestsThatCouldBecomePaths) {
  for (const std::string& digest :
       {std::string("sha256:../../../../etc/passwd"), "sha512:" + std::string(128, 'a'), std::string(64, 'a'),
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(63, 'a'), std::string()}) {
    const std::string layer = R"({"mediaType":"t","digest":")" + digest + R"(","size":1})";
    EXPECT_NE(manifest_refusal(manifest_with_layer(layer)), "") << digest;
  }
}

TEST(Manifest, RefusesAnIndexInItsPlaceAndTheOtherWayRound) {
  // CVE-2021-41190: one document, two meanings.
  const std::string both = R"({"schemaVersion":2,"manifests":[],"layers":[],"config":{"mediaType":"t","digest":")" +
                           kDigest + R"(","size":1}})";
  EXPECT_NE(manifest_refusal(both), "");
  EXPECT_NE(manifest_refusal(to_json(Index())), "");
  const auto index = [](const auto& text) { parse_index(text); };
  EXPECT_NE(refusal(index, both), "");
  EXPECT_NE(refusal(index, to_json(example())), "");
}

TEST(Manifest, RefusesWrongTypesEverywhere) {
  const std::string good = to_json(example());
  ASSERT_EQ(manifest_refusal(good), "");
  for (const char* member :
       {"\"config\":", "\"layers\":", "\"schemaVersion\":", "\"mediaType\":", "\"annotations\":", "\"digest\":"}) {
    for (const char* value : {"17", "[[]]", "{\"k\":{}}", "true"}) {
      const std::size_t place = good.find(member) + std::string_view(member).size();
      const std::string bad = good.substr(0, place) + value + ",\"was\":" + good.substr(place);
      EXPECT_NE(manifest_refusal(bad), "") << bad;
    }
  }
}

TEST(Manifest, RefusesNulInText) {
  const std::string layer = R"({"mediaType":"t\u0000.gz","digest":")" + kDigest + R"(","size":1})";
  EXPECT_NE(manifest_refusal(manifest_with_layer(layer)).find("NUL"), std::string::npos);
}

TEST(Manifest, CannotBeWrittenWithTextThatIsNotUtf8) {
  Manifest manifest = example();
  manifest.annotations["name"] = "caf\xe9";
  EXPECT_THROW(to_json(manifest), Error);
}

TEST(Index, ReadsWhatItWritesWithPlatforms) {
  Index index;
  index.manifests = {descriptor(std::string(kManifestMediaType), "amd"),
                     descriptor(std::string(kManifestMediaType), "arm")};
  index.manifests[0].platform = Platform{"linux", "amd64", ""};
  index.manifests[1].platform = Platform{"linux", "arm64", "v8"};
  index.manifests[1].artifact_type = "application/x";
  const std::string json = to_json(index);
  const Index again = parse_index(json);
  EXPECT_EQ(to_json(again), json);
  EXPECT_EQ(again.manifests[1].platform->to_string(), "linux/arm64/v8");
}

}  // namespace
}  // namespace mlbuild::oci
