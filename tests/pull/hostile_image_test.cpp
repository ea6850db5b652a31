// Archives and layouts of images that were made to harm, as whole files: names that lead out, links in circles, lists
// that make the reader work without end.

#include "support/hostile.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/sys/file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>

#include <fstream>

namespace mlbuild::test {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::string member(TarEntry entry, const std::string& content = "") {
  entry.size_bytes = content.size();
  return tar_header(entry) + content + std::string(tar_padding_bytes(content.size()), '\0');
}
std::string tar_of(const Files& files, const std::string& more = "") {
  std::string tar;
  for (const auto& [path, content] : files) {
    TarEntry entry;
    entry.path = path;
    tar += member(entry, content);
  }
  return tar + more + std::string(as_text(tar_end_of_archive()));
}
std::string link(const std::string& path, const std::string& target) {
  TarEntry entry;
  entry.path = path;
  entry.type = TarType::Symlink;
  entry.link_target = target;
  return member(entry);
}
std::string config(std::size_t layers, const std::string& digest = DiffId(sha256("x")).to_string()) {
  std::string ids;
  for (std::size_t i = 0; i < layers; ++i) ids += (i == 0 ? "\"" : ",\"") + digest + "\"";
  return R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[)" + ids + "]}}";
}
std::string saved(const std::string& layers, std::size_t count = 1, const std::string& more = "") {
  return tar_of({{"manifest.json", R"([{"Config":"c","Layers":[)" + layers + "]}]"}, {"c", config(count)}}, more);
}
std::string layout(const std::string& index, const Files& more = {}) {
  Files files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {"index.json", index}};
  files.insert(files.end(), more.begin(), more.end());
  return tar_of(files);
}
std::string descriptor(const std::string& type, const std::string& text, const std::string& size = "") {
  return fmt::format(R"({{"mediaType":"{}","digest":"sha256:{}","size":{}}})", type, sha256(text).hex(),
                     size.empty() ? std::to_string(text.size()) : size);
}
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
std::string index_of(const std::string& descriptors) {
  return R"({"schemaVersion":2,"manifests":[)" + descriptors + "]}";
}
std::string nested_indexes(int depth) {
  std::string text = index_of("");
  Files files;
  for (int i = 0; i < depth; ++i) {
    files.emplace_back("blobs/sha256/" + sha256(text).hex(), text);
    text = index_of(descriptor(kIndexType, text));
  }
  return layout(text, files);
}

class HostileImage : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileImage, IsHarmless) {
  const TempDir directory({}, "mlbuild-hostile-");
  const std::filesystem::path file = directory.path() / "image.tar";
  expect_harmless(GetParam(), ErrorKind::Foreign, [&](const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    try {
      const std::unique_ptr<BaseSource> source = open_archive_image(file);
      const PulledImage image = source->read_image({"linux", "amd64", ""});
      NullSink nowhere;
      for (std::size_t i = 0; i < image.layers.size(); ++i) copy(*source->open_layer(i, image.layers[i]), nowhere);
    } catch (const Error& error) {
      // That there is no image for a platform, or no image at all, is told as a mistake of the spec.
      if (error.kind() != ErrorKind::Spec) throw;
      throw Error(ErrorKind::Foreign, error.message());
    }
  });
}

const HostileCase kImages[] = {
    {"Nothing", [] { return std::string(); }, "tar"},
    {"NoImage",
     [] {
       return tar_of({{"etc/passwd", "root"}});
     },
     "holds no image"},
    {"ManifestThatIsNoJson",
     [] {
       return tar_of({{"manifest.json", "{]"}});
     },
     "malformed"},
    {"ManifestDeep",
     [] {
       return tar_of({{"manifest.json", std::string(1'000'000, '[')}});
     },
     "malformed"},
    {"ManifestTwice",
     [] {
       return tar_of({{"manifest.json", "[]"}, {"manifest.json", "[]"}});
     },
     "twice"},
    {"ManifestHuge",
     [] {
       return tar_of({{"manifest.json", std::string(9'000'000, ' ')}});
     },
     "malformed"},
    {"TwoImages",
     [] {
       return tar_of({{"manifest.json", R"([{"Config":"a","Layers":[]},{"Config":"b","Layers":[]}])"}});
     },
     "2 images"},
    {"ConfigLeadsUp",
     [] {
       return tar_of({{"manifest.json", R"([{"Config":"../../etc/passwd","Layers":[]}])"}});
     },
     "has no"},
    {"ConfigIsAbsolute",
     [] {
       return tar_of({{"manifest.json", R"([{"Config":"/etc/passwd","Layers":[]}])"}});
     },
     "has no"},
    {"LayerLeadsUp", [] { return saved(R"("../../../etc/passwd")"); }, "lacks layer"},
    {"LayerIsAbsolute", [] { return saved(R"("/etc/passwd")"); }, "lacks layer"},
    {"LayerIsALinkOut", [] { return saved(R"("l")", 1, link("l", "../../../../etc/passwd")); }, "lacks layer"},
    {"LayerIsAnAbsoluteLink", [] { return saved(R"("l")", 1, link("l", "/etc/passwd")); }, "lacks layer"},
    {"LayerIsALinkToItself", [] { return saved(R"("l")", 1, link("l", "l")); }, "lacks layer"},
    {"LayersLinkInACircle", [] { return saved(R"("a")", 1, link("a", "b") + link("b", "a")); }, "lacks layer"},
    {"LayersThatAreNumbers", [] { return saved("1,2,3"); }, "malformed"},
    {"FewerLayersThanTheConfigHas", [] { return saved(R"("c")", 2); }, "layers"},
    {"OneLargeLayerAHundredThousandTimes",
     [] {
       TarEntry big;
       big.path = "big";
       return saved(R"("big")" + repeated(R"(,"big")", 100'000), 1, member(big, std::string(2'000'000, 'x')));
     },
     "layers"},
    {"LayoutOfAnotherVersion",
     [] {
       return tar_of({{"oci-layout", R"({"imageLayoutVersion":"9"})"}, {"index.json", index_of("")}});
     },
     "no image"},
    {"LayoutWithoutManifests", [] { return layout(index_of("")); }, "no image"},
    {"LayoutWhoseBlobIsMissing", [] { return layout(index_of(descriptor(kManifestType, "x"))); }, "lacks"},
    {"LayoutWhoseBlobIsAnother",
     [] {
       return layout(index_of(descriptor(kManifestType, "one")), {{"blobs/sha256/" + sha256("one").hex(), "two"}});
     },
     "sha256"},
    {"LayoutWhoseBlobIsLonger",
     [] {
       return layout(index_of(descriptor(kManifestType, "one")), {{"blobs/sha256/" + sha256("one").hex(), "one more"}});
     },
     "bytes"},
    {"LayoutWhoseManifestClaims8EiB",
     [] {
       return layout(index_of(descriptor(kManifestType, "one", "9223372036854775807")),
                     {{"blobs/sha256/" + sha256("one").hex(), "one"}});
     },
     "absurd"},
    {"LayoutOfNestedIndexes", [] { return nested_indexes(1000); }, "no image"},
    {"LayoutWhoseManifestIsAnIndex",
     [] {
       const std::string index = index_of("");
       return layout(index_of(descriptor(kManifestType, index)), {{"blobs/sha256/" + sha256(index).hex(), index}});
     },
     "layers"},
};
INSTANTIATE_TEST_SUITE_P(Archives, HostileImage, ::testing::ValuesIn(kImages), hostile_name);

}  // namespace
}  // namespace mlbuild::test
