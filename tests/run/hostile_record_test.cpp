// The record that travels with an image (annotation dev.mlbuild.build), and scans of layers that a store keeps, made to
// harm: base64 around gzip around JSON.

#include "support/hostile.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/inspect/layer_scan.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/run/build_record.hpp"
#include "mlbuild/run/rebuild.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/temp_dir.hpp"

namespace mlbuild::test {
namespace {

std::string packed(const std::string& plain) { return base64(as_text(Deflater(6).gzip_member(as_bytes(plain)))); }

class HostileBuildRecord : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileBuildRecord, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { parse_build_record(text); });
}

const HostileCase kRecords[] = {
    {"Nothing", [] { return std::string(); }, "build record"},
    {"NoBase64", [] { return std::string("!!!!"); }, "no base64"},
    {"NoGzip", [] { return base64("evil"); }, "gzip"},
    {"Bomb", [] { return packed(std::string(100'000'000, ' ')); }, "allowed"},
    {"GzipThatIsCut", [] { return packed("{}").substr(0, 16); }, "gzip"},
    {"Deep", [] { return packed(std::string(1'000'000, '[')); }, "nested"},
    {"NoObject", [] { return packed("[1]"); }, "has no"},
    {"NoJson", [] { return packed("{]"); }, "has no"},
    {"WithoutLock", [] { return packed(R"({"version":1,"spec":{},"app":false})"); }, "`lock`"},
    {"LaterVersion", [] { return packed(R"({"version":99,"spec":{},"lock":{},"app":false})"); },
     "another format version"},
    {"VersionThatIsText", [] { return packed(R"({"version":"1","spec":{},"lock":{},"app":false})"); },
     "another format version"},
    {"TextThatIsNoUtf8", [] { return packed("{\"version\":1,\"spec\":\"\xFF\",\"lock\":{},\"app\":false}"); },
     "has no"},
};
INSTANTIATE_TEST_SUITE_P(Records, HostileBuildRecord, ::testing::ValuesIn(kRecords), hostile_name);

/// The image says that it was built from this spec.
void rebuild_from(const std::string& spec) {
  const std::string record = packed(R"({"version":1,"lock":{},"app":false,"spec":)" + spec + "}");
  const Image image = compose_image({}, RunConfig{}, oci::Platform::parse("linux/amd64"), 0, nullptr, record);
  MemoryStore layers;
  const TempDir directory;
  rebuild_of(image, layers, directory.path(), Cancellation());
}

class HostileRebuild : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileRebuild, IsHarmless) { expect_harmless(GetParam(), ErrorKind::Foreign, rebuild_from); }

const HostileCase kSpecs[] = {
    {"Text", [] { return std::string(R"("spec")"); }, "has no spec"},
    {"StepsThatAreANumber", [] { return std::string(R"({"steps":1})"); }, "steps make no sense"},
    {"StepThatIsANumber", [] { return std::string(R"({"steps":[1]})"); }, "steps make no sense"},
    {"StepThatIsAList", [] { return std::string(R"({"steps":[["inputs"]]})"); }, "steps make no sense"},
    {"InputsThatAreText", [] { return std::string(R"({"steps":[{"inputs":"x"}]})"); }, "steps make no sense"},
    {"NameThatIsANumber", [] { return std::string(R"({"steps":[{"inputs":["x"],"name":5}]})"); },
     "steps make no sense"},
};
INSTANTIATE_TEST_SUITE_P(Specs, HostileRebuild, ::testing::ValuesIn(kSpecs), hostile_name);

std::string scan(const std::string& member, const std::string& value) {
  std::string text = "{";
  for (const char* name : {"plain_size", "entries", "texts", "links", "objects", "broken_objects", "python_loads"}) {
    const std::string usual = std::string(name) == "plain_size" ? "0" : std::string(name) == "entries" ? "[]" : "{}";
    text += std::string(text == "{" ? "\"" : ",\"") + name + "\":" + (member == name ? value : usual);
  }
  return text + "}";
}

class HostileScan : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileScan, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { parse_layer_scan(text); });
}

const HostileCase kScans[] = {
    {"Nothing", [] { return std::string(); }, "malformed"},
    {"Empty", [] { return scan("", ""); }, kHarmless},
    {"Deep", [] { return scan("texts", repeated("[", 100'000)); }, "nested"},
    {"EntryOfAnUnknownType", [] { return scan("entries", R"([["a",3,0,0,0]])"); }, "unknown type"},
    {"EntryOfMoreBytesThanNumbersReach", [] { return scan("entries", R"([["a",0,3e20,0,0]])"); }, "malformed"},
    {"EntryThatIsShort", [] { return scan("entries", R"([["a",0]])"); }, "malformed"},
    {"EntryThatIsText", [] { return scan("entries", R"(["a"])"); }, "malformed"},
    {"ObjectWithoutBits", [] { return scan("objects", R"({"a":{}})"); }, "malformed"},
    {"LoadsThatAreNumbers", [] { return scan("python_loads", R"({"a":{"names":[1],"calls":true}})"); }, "malformed"},
    {"NeedsThatAreShort",
     [] { return scan("objects", R"({"a":{"bits":64,"machine":62,"type":3,"version_needs":[["x"]]}})"); }, "malformed"},
};
INSTANTIATE_TEST_SUITE_P(Scans, HostileScan, ::testing::ValuesIn(kScans), hostile_name);

}  // namespace
}  // namespace mlbuild::test
