// JSON of registries, layouts and daemons that was made to harm: CVE-2021-41190 (a manifest that is an index for
// others), CVE-2023-25153 (size), digests that become paths, JSON itself (depth, duplicate keys, numbers, text).
// image-spec v1.1: manifest.md, image-index.md, config.md, descriptor.md.

#include "support/hostile.hpp"

#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string descriptor(const std::string& digest = kDigest, const std::string& size = "1",
                       const std::string& media_type = "application/vnd.oci.image.layer.v1.tar+gzip") {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", media_type, digest, size);
}
std::string manifest(const std::string& layers, const std::string& more = "") {
  return fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{}]{}}})",
                     descriptor(kDigest, "2", std::string(oci::kConfigMediaType)), layers, more);
}
std::string with_layer(const std::string& digest, const std::string& size = "1") {
  return manifest(descriptor(digest, size));
}
std::string index(const std::string& manifests, const std::string& more = "") {
  return fmt::format(R"({{"schemaVersion":2,"manifests":[{}]{}}})", manifests, more);
}
std::string config(const std::string& inner, const std::string& rootfs = R"({"type":"layers","diff_ids":[]})") {
  return fmt::format(R"({{"architecture":"amd64","os":"linux","config":{{{}}},"rootfs":{}}})", inner, rootfs);
}

class HostileManifest : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileManifest, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { oci::parse_manifest(text); });
}

const HostileCase kManifests[] = {
    {"Nothing", [] { return std::string(); }, "JSON"},
    {"Null", [] { return std::string("null"); }, "no JSON object"},
    {"AList", [] { return std::string("[]"); }, "no JSON object"},
    {"TwoDocuments", [] { return manifest(descriptor()) + "{}"; }, "JSON"},
    {"BytesBehindANul", [] { return manifest(descriptor()) + std::string("\0evil", 5); }, "NUL"},
    {"NoUtf8", [] { return with_layer("\xFF\xFE"); }, "JSON"},
    {"LoneSurrogate", [] { return manifest(descriptor(), R"(,"annotations":{"a":"\ud800"})"); }, "JSON"},
    {"NulInAnAnnotation", [] { return manifest(descriptor(), R"(,"annotations":{"a":"\u0000"})"); }, "NUL"},
    {"DeepLists", [] { return std::string(1'000'000, '['); }, "nested"},
    {"DeepObjects", [] { return repeated(R"({"a":)", 300'000); }, "nested"},
    {"DeepWithinAGoodOne",
     [] { return manifest(descriptor(), R"(,"x":)" + repeated("[", 1000) + repeated("]", 1000)); }, "nested"},
    {"LargerThanItsLimit", [] { return manifest(descriptor(), R"(,"x":")" + std::string(9U << 20U, 'x') + '"'); },
     "more than"},
    {"AMillionLayers", [] { return manifest(descriptor() + repeated(",{}", 1'000'000)); }, "too long"},
    {"AnIndexToo", [] { return manifest(descriptor(), R"(,"manifests":[])"); }, "no `manifests`"},
    {"AnIndexByItsMediaType",
     [] { return manifest(descriptor(), R"(,"mediaType":"application/vnd.oci.image.index.v1+json")"); }, "media type"},
    {"OfSchemaVersionOne", [] { return std::string(R"({"schemaVersion":1,"fsLayers":[],"history":[]})"); }, "schema"},
    {"TheSameKeyTwice", [] { return manifest(descriptor(), R"(,"layers":[])"); }, "twice"},
    {"TheSameKeyInCapitals", [] { return manifest(descriptor(), R"(,"Layers":[])"); }, "twice"},
    {"TheSameAnnotationTwice", [] { return manifest(descriptor(), R"(,"annotations":{"a":"1","a":"2"})"); }, "twice"},
    {"AnnotationsInTwoSpellings", [] { return manifest(descriptor(), R"(,"annotations":{"a":"1","A":"2"})"); },
     kHarmless},
    {"WithoutConfig", [] { return std::string(R"({"schemaVersion":2,"layers":[]})"); }, "config"},
    {"DigestThatIsAPath", [] { return with_layer("sha256:../../../../etc/passwd"); }, "digest"},
    {"DigestOfAnotherLength", [] { return with_layer("sha256:" + std::string(63, 'a')); }, "digest"},
    {"DigestInCapitals", [] { return with_layer("sha256:" + std::string(64, 'A')); }, "digest"},
    {"DigestOfAWeakHash", [] { return with_layer("md5:" + std::string(32, 'a')); }, "digest"},
    {"DigestWithANul", [] { return with_layer("sha256:" + std::string(63, 'a') + R"(\u0000)"); }, "NUL"},
    {"DigestWithALineEnd", [] { return with_layer(kDigest + R"(\n)"); }, "digest"},
    {"DigestThatIsANumber", [] { return manifest(R"({"mediaType":"a","digest":7,"size":1})"); }, "must be string"},
    {"NegativeSize", [] { return with_layer(kDigest, "-1"); }, "size"},
    {"SizeThatIsAFraction", [] { return with_layer(kDigest, "1.5"); }, "size"},
    {"SizeThatIsText", [] { return with_layer(kDigest, R"("1")"); }, "size"},
    {"SizeBeyond64Bits", [] { return with_layer(kDigest, "18446744073709551616"); }, "size"},
    {"SizeThatIsNull", [] { return with_layer(kDigest, "null"); }, "size"},
    {"SizesWhoseSumOverflows",
     [] { return manifest(repeated(descriptor(kDigest, "9000000000000000000") + ",", 3) + descriptor()); }, "size"},
    {"AnnotationsThatAreAList", [] { return manifest(descriptor(), R"(,"annotations":[1])"); }, "annotations"},
    {"AnnotationThatIsANumber", [] { return manifest(descriptor(), R"(,"annotations":{"a":1})"); }, "a"},
    {"LayersThatAreAnObject",
     [] { return std::string(R"({"schemaVersion":2,"config":)") + descriptor() + R"(,"layers":{}})"; }, "no list"},
    {"NumberOfAMillionDigits", [] { return with_layer(kDigest, std::string(1'000'000, '9')); }, "JSON"},
};
INSTANTIATE_TEST_SUITE_P(Manifests, HostileManifest, ::testing::ValuesIn(kManifests), hostile_name);

class HostileIndex : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileIndex, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { oci::parse_index(text); });
}

const HostileCase kIndexes[] = {
    {"AManifestToo", [] { return index("", R"(,"layers":[])"); }, "manifest"},
    {"AConfigToo", [] { return index("", R"(,"config":{})"); }, "no `layers`"},
    {"AManifestByItsMediaType",
     [] { return index("", R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json")"); }, "media type"},
    {"AMillionManifests", [] { return index("{}" + repeated(",{}", 1'000'000)); }, "too long"},
    {"PlatformThatIsText",
     [] { return index(R"({"mediaType":"a","digest":")" + kDigest + R"(","size":1,"platform":"x"})"); }, "malformed"},
    {"PlatformWithoutArchitecture",
     [] { return index(R"({"mediaType":"a","digest":")" + kDigest + R"(","size":1,"platform":{"os":"linux"}})"); },
     "architecture"},
    {"DigestLeadsUp", [] { return index(descriptor("sha256:..")); }, "digest"},
    {"WithoutManifests", [] { return std::string(R"({"schemaVersion":2})"); }, "manifests"},
};
INSTANTIATE_TEST_SUITE_P(Indexes, HostileIndex, ::testing::ValuesIn(kIndexes), hostile_name);

class HostileConfig : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileConfig, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { oci::parse_config(text); });
}

const HostileCase kConfigs[] = {
    {"NulInTheEnvironment", [] { return config(R"("Env":["A=\u0000"])"); }, "NUL"},
    {"EnvironmentThatIsAnObject", [] { return config(R"("Env":{"A":"1"})"); }, "must be array"},
    {"CommandOfNumbers", [] { return config(R"("Cmd":[1,2])"); }, "must be string"},
    {"UserThatIsANumber", [] { return config(R"("User":0)"); }, "must be string"},
    {"LabelsThatAreAList", [] { return config(R"("Labels":["a"])"); }, "Labels"},
    {"RootFilesystemOfAnotherKind", [] { return config("", R"({"type":"base","diff_ids":[]})"); }, "root filesystem"},
    {"DiffIdThatIsAPath", [] { return config("", R"({"type":"layers","diff_ids":["../../x"]})"); }, "digest"},
    {"AMillionDiffIds",
     [] { return config("", R"({"type":"layers","diff_ids":[0)" + repeated(",0", 1'000'000) + "]}"); },
     "must be string"},
    {"WithoutRootFilesystem", [] { return std::string(R"({"architecture":"amd64","os":"linux"})"); }, "rootfs"},
    {"HistoryThatIsText", [] { return config("", R"({"type":"layers","diff_ids":[]},"history":"x")"); }, "history"},
};
INSTANTIATE_TEST_SUITE_P(Configs, HostileConfig, ::testing::ValuesIn(kConfigs), hostile_name);

}  // namespace
}  // namespace mlbuild::test
