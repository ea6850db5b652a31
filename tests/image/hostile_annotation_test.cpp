// Annotations `dev.mlbuild.*` of images and cache entries that somebody else wrote (containerd CVE-2026-53488: labels
// of an image taken as one's own control input). What makes no sense is left out; an entry of a cache that makes none
// is refused.

#include "support/hostile.hpp"

#include "mlbuild/image/cache_entry.hpp"
#include "mlbuild/image/known_layers.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

ImageLayer layer() {
  ImageLayer made;
  made.facts.media_type = oci::kLayerGzipMediaType;
  made.facts.digest = BlobDigest(sha256("blob"));
  made.facts.size_bytes = 1000;
  made.facts.diff_id = DiffId(sha256("tar"));
  made.facts.plain_size_bytes = 5000;
  made.facts.packages = {{"wheel", "numpy", "1.26.4", 4000, 900}};
  made.key = StepKey(sha256("key"));
  made.created_by = "wheel numpy 1.26.4";
  made.built_wheels = {{StepKey(sha256("build")), "x-1.0-py3-none-any.whl", BlobDigest(sha256("wheel"))}};
  return made;
}
/// A good cache entry in which a text is another.
std::string entry(const std::string& from, const std::string& to) {
  std::string text = compose_cache_entry(layer()).manifest_json;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class HostileCacheEntry : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileCacheEntry, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    const KnownLayers known = parse_cache_entry(text, layer().key);
    for (const auto& [key, wheel] : known.built_wheels) EXPECT_EQ(wheel.filename.find('/'), std::string::npos);
    for (const auto& [key, facts] : known.layers) EXPECT_LE(facts.plain_size_bytes, std::uint64_t{1} << 50U);
  });
}

const HostileCase kEntries[] = {
    {"Nothing", [] { return std::string(); }, "JSON"},
    {"OfAnotherStep", [] { return entry(sha256("key").hex(), sha256("other").hex()); }, "another step"},
    {"KeyThatIsAPath", [] { return entry("sha256:" + sha256("key").hex(), "../../keys/evil"); }, "another step"},
    {"DiffIdThatIsAPath", [] { return entry("sha256:" + sha256("tar").hex(), "../../evil"); }, "diffID"},
    {"PlainSizeIsNegative", [] { return entry("\"5000\"", "\"-5000\""); }, "no sense"},
    {"PlainSizeOfAllMemory", [] { return entry("\"5000\"", "\"18446744073709551615\""); }, "no sense"},
    {"SizeOfAllMemory", [] { return entry(":1000}", ":9223372036854775807}"); }, "absurd"},
    {"WheelNameLeadsUp", [] { return entry("x-1.0-py3-none-any.whl", "../../../evil.whl"); }, kHarmless},
    {"WheelNameIsNoWheel", [] { return entry("x-1.0-py3-none-any.whl", "evil.sh"); }, kHarmless},
    {"WheelNameIsHuge", [] { return entry("x-1.0", std::string(100'000, 'x')); }, kHarmless},
    {"PackagesThatAreDeep", [] { return entry("[[", repeated("[", 100'000)); }, "makes no sense"},
    {"PackagesThatAreNoJson", [] { return entry("[[", "{{"); }, "makes no sense"},
    {"ForeignLayer", [] { return entry("application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.evil"); },
     "no sense"},
    {"OfAnotherArtifactType", [] { return entry("application/vnd.mlbuild.cache.v1+json", "application/json"); },
     kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Entries, HostileCacheEntry, ::testing::ValuesIn(kEntries), hostile_name);

}  // namespace
}  // namespace mlbuild::test
