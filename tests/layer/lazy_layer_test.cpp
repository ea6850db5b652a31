// What the form's own readers ask for is checked by them (tests/cli/lazy_test.py); here is what they do not look at,
// and the entries that real images seldom have.
#include "mlbuild/layer/lazy_layer.hpp"

#include "content_cutter.hpp"
#include "support/source_dir.hpp"
#include "tar_split.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/io/zstd.hpp"
#include "mlbuild/layer/files_layer.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace mlbuild {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kLimit = 1U << 30U;
const std::string kTocDigest = "containerd.io/snapshot/stargz/toc.digest";
const std::string kPlainSize = "io.containers.estargz.uncompressed-size";
const std::string kChunked = "io.github.containers.zstd-chunked.";

class FormSink final : public LayerSink {
 public:
  explicit FormSink(LayerForm form) : form_(form) {}
  LayerForm form() const override { return form_; }
  void inline_bytes(ByteSpan more) override { bytes.insert(bytes.end(), more.begin(), more.end()); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan more) override {
    range_bytes += more.size();
    inline_bytes(more);
  }
  Bytes bytes;
  std::uint64_t range_bytes = 0;

 private:
  LayerForm form_;
};

TarEntry entry_of(std::string path, TarType type = TarType::File, std::uint64_t size_bytes = 0) {
  TarEntry entry;
  entry.path = std::move(path);
  entry.type = type;
  entry.mode = type == TarType::Directory ? 0755 : 0644;
  entry.mtime_seconds = 315532800;
  entry.size_bytes = size_bytes;
  return entry;
}

TarEntry link_of(std::string path, TarType type, std::string target) {
  TarEntry entry = entry_of(std::move(path), type);
  entry.link_target = std::move(target);
  return entry;
}

std::string noise(std::size_t size_bytes, std::uint32_t state = 1) {
  std::string text;
  for (; text.size() < size_bytes; state = state * 1664525U + 1013904223U) text += std::to_string(state >> 12U);
  text.resize(size_bytes);
  return text;
}

/// A layer of a form with one of everything: contents by path.
struct Everything {
  explicit Everything(LayerForm form, std::size_t step = std::size_t{1} << 20U) : out(form) {
    contents = {{"a/deflated", noise(3'000'000)}, {"a/small", "hello"}, {"big", noise(9'000'000, 7)}};
    contents[long_name] = "long";
    const MemoryFile stream(Deflater(1).raw(as_bytes(contents["a/deflated"])));
    LayerWriter writer(out, 6);
    writer.add(entry_of("a", TarType::Directory));
    writer.add(entry_of("a/.wh..wh..opq"));
    writer.add(entry_of("a/.wh.gone"));
    writer.add_deflated(
        entry_of("a/deflated", TarType::File, contents["a/deflated"].size()),
        {&stream, BlobDigest(sha256("blob")), 0, stream.size_bytes(), crc32(0, as_bytes(contents["a/deflated"]))});
    writer.add(entry_of("a/empty"));
    writer.add(link_of("a/hard", TarType::Hardlink, "a/deflated"));
    add(writer, "a/small", step);
    writer.add(link_of("a/symbolic", TarType::Symlink, "../big"));
    add(writer, "big", step);
    writer.add(entry_of("d", TarType::Directory));
    writer.add(entry_of(long_directory, TarType::Directory));
    add(writer, long_name, step);
    facts = writer.finish();
  }

  /// Content that arrives in steps.
  void add(LayerWriter& writer, const std::string& path, std::size_t step) {
    class Steps final : public Source {
     public:
      Steps(ByteSpan bytes, std::size_t size) : inner_(bytes), size_(size) {}
      std::size_t read(MutableByteSpan buffer) override {
        return inner_.read(buffer.first(std::min(size_, buffer.size())));
      }

     private:
      SpanSource inner_;
      std::size_t size_;
    } source(as_bytes(contents[path]), step);
    writer.add_file(entry_of(path, TarType::File, contents[path].size()), source);
  }

  ByteSpan from(std::uint64_t offset) const { return ByteSpan(out.bytes).subspan(offset); }

  const std::string long_directory = "d/" + std::string(90, 'x');
  const std::string long_name = long_directory + "/" + std::string(90, 'y') + "\xC3\xA9";
  std::map<std::string, std::string> contents;
  FormSink out;
  LayerFacts facts;
};

/// Made once: megabytes to compress.
const Everything& everything(LayerForm form) {
  static std::map<LayerForm, Everything> made;
  return made.try_emplace(form, form).first->second;
}

std::string first_bytes(Source& source, std::size_t count) {
  std::string text(count, '\0');
  std::size_t got = 0;
  while (got < count) {
    const std::size_t more = source.read(std::as_writable_bytes(std::span(text)).subspan(got));
    if (more == 0) break;
    got += more;
  }
  text.resize(got);
  return text;
}

/// One gzip member alone.
std::string member_at(ByteSpan bytes) {
  BytesSink plain;
  Inflater().write(bytes.subspan(gzip_member_header().size()), plain);
  return std::string(plain.text());
}

std::uint64_t footer_offset(ByteSpan blob) {
  const std::string text(as_text(blob.last(51)));
  EXPECT_EQ(text.substr(0, 16), std::string("\x1F\x8B\x08\x04\0\0\0\0\0\xFF\x1A\0SG\x16\0", 16));
  EXPECT_EQ(text.substr(32, 6), "STARGZ");
  return std::stoull(text.substr(16, 16), nullptr, 16);
}

std::string estargz_toc(const Everything& layer) {
  const std::string member = member_at(layer.from(footer_offset(layer.out.bytes)));
  EXPECT_TRUE(member.starts_with("stargz.index.json"));
  const std::uint64_t size = std::stoull(member.substr(124, 11), nullptr, 8);
  EXPECT_EQ(member.size(), 512 + size + tar_padding_bytes(size) + 1024);
  return member.substr(512, size);
}

/// Rows by name; the chunks of a file follow it.
std::map<std::string, std::vector<json>> rows_of(const std::string& toc) {
  std::map<std::string, std::vector<json>> rows;
  const json parsed = json::parse(toc);
  for (const json& row : parsed.at("entries")) {
    rows[row.at("name").get<std::string>()].push_back(row);
  }
  return rows;
}

TEST(Estargz, IsAnOrdinaryLayerWithTwoMoreFiles) {
  const Everything& layer = everything(LayerForm::Estargz);
  const Bytes tar = read_all(*gunzip(std::make_unique<SpanSource>(layer.out.bytes)), kLimit);
  std::vector<std::string> names;
  SpanSource source(tar);
  read_tar(source, [&](const TarEntry& entry, Source&) { names.push_back(entry.path); });
  EXPECT_THAT(names, ElementsAre(".no.prefetch.landmark", "a", "a/.wh..wh..opq", "a/.wh.gone", "a/deflated", "a/empty",
                                 "a/hard", "a/small", "a/symbolic", "big", "d", layer.long_directory, layer.long_name,
                                 "stargz.index.json"));
  EXPECT_EQ(layer.facts.media_type, oci::kLayerGzipMediaType);
  EXPECT_EQ(layer.facts.diff_id, DiffId(sha256(tar)));
  EXPECT_EQ(layer.facts.digest, BlobDigest(sha256(layer.out.bytes)));
  EXPECT_EQ(layer.facts.plain_size_bytes, tar.size());
  EXPECT_EQ(layer.facts.entry_count, 12U);
}

TEST(Estargz, TheAnnotationsNameTheTableOfContents) {
  const Everything& layer = everything(LayerForm::Estargz);
  EXPECT_EQ(layer.facts.annotations.at(kTocDigest), "sha256:" + sha256(estargz_toc(layer)).hex());
  EXPECT_EQ(layer.facts.annotations.at(kPlainSize), std::to_string(layer.facts.plain_size_bytes));
  EXPECT_EQ(parse_layer_facts(to_json(layer.facts)).annotations, layer.facts.annotations);
}

TEST(Estargz, EachChunkBeginsAMemberAndIsWhatItsDigestSays) {
  const Everything& layer = everything(LayerForm::Estargz);
  const auto rows = rows_of(estargz_toc(layer));
  for (const auto& [path, content] : layer.contents) {
    std::uint64_t at = 0;
    for (const json& row : rows.at(path)) {
      EXPECT_EQ(row.value("chunkOffset", std::uint64_t{0}), at);
      const std::uint64_t size = row.value("chunkSize", content.size() - at);
      const auto blob = std::make_unique<SpanSource>(layer.from(row.at("offset")));
      const std::string chunk = first_bytes(*gunzip(std::make_unique<SpanSource>(*blob)), size);
      EXPECT_EQ(chunk, content.substr(at, size)) << path;
      EXPECT_EQ(row.at("chunkDigest"), "sha256:" + sha256(chunk).hex());
      at += size;
    }
    EXPECT_EQ(at, content.size());
    EXPECT_EQ(rows.at(path)[0].at("digest"), "sha256:" + sha256(content).hex());
  }
}

TEST(Estargz, AWheelsStreamIsCopiedAsOneChunkAndTheRestIsCut) {
  const Everything& layer = everything(LayerForm::Estargz);
  const auto rows = rows_of(estargz_toc(layer));
  EXPECT_GT(layer.out.range_bytes, 500'000U);
  EXPECT_EQ(rows.at("a/deflated").size(), 1U);
  EXPECT_EQ(rows.at("big").size(), 3U);
  EXPECT_EQ(rows.at("big")[1].at("type"), "chunk");
}

TEST(Estargz, TheTableTellsEveryEntry) {
  const Everything& layer = everything(LayerForm::Estargz);
  const auto rows = rows_of(estargz_toc(layer));
  const std::string empty = "sha256:" + sha256("").hex();
  EXPECT_EQ(rows.at("a/")[0].dump(), R"({"mode":493,"modtime":"1980-01-01T00:00:00Z","name":"a/","type":"dir"})");
  EXPECT_EQ(rows.at("a/hard")[0].at("linkName"), "a/deflated");
  EXPECT_EQ(rows.at("a/hard")[0].at("type"), "hardlink");
  EXPECT_EQ(rows.at("a/symbolic")[0].at("linkName"), "../big");
  for (const char* path : {"a/empty", "a/.wh.gone", "a/.wh..wh..opq"}) {
    EXPECT_EQ(rows.at(path)[0].at("type"), "reg");
    EXPECT_EQ(rows.at(path)[0].at("digest"), empty);
    EXPECT_FALSE(rows.at(path)[0].contains("offset"));
  }
  EXPECT_EQ(rows.at(layer.long_name)[0].at("size"), 4);
  EXPECT_EQ(rows.at(".no.prefetch.landmark")[0].at("size"), 1);
}

TEST(Estargz, AnEmptyLayerHasATable) {
  FormSink out(LayerForm::Estargz);
  const LayerFacts facts = LayerWriter(out, 6).finish();
  EXPECT_EQ(facts.entry_count, 0U);
  EXPECT_GT(footer_offset(out.bytes), 0U);
}

TEST(Estargz, NamesOfTheFormAreItsOwn) {
  for (const char* path : {"stargz.index.json", ".no.prefetch.landmark", ".prefetch.landmark"}) {
    FormSink lazy(LayerForm::Estargz), plain(LayerForm::Gzip);
    LayerWriter refuses(lazy, 6), accepts(plain, 6);
    EXPECT_THROW(refuses.add(entry_of(path)), Error) << path;
    EXPECT_NO_THROW(accepts.add(entry_of(path)));
  }
}

TEST(LazyLayers, ALinkThatIsNoUtf8IsRefused) {
  for (const LayerForm form : {LayerForm::Estargz, LayerForm::ZstdChunked}) {
    FormSink out(form);
    LayerWriter writer(out, 6);
    writer.add(link_of("link", TarType::Symlink, "\xFF"));
    EXPECT_THROW(writer.finish(), Error);
  }
}

TEST(LazyLayers, BytesDoNotDependOnHowContentArrives) {
  for (const LayerForm form : {LayerForm::Estargz, LayerForm::ZstdChunked}) {
    EXPECT_EQ(everything(form).facts.digest, Everything(form, 100003).facts.digest);
  }
}

/// `offset:size:plain size` of an annotation, from there.
struct Piece {
  Piece(const Everything& layer, const std::string& name) {
    const std::string text = layer.facts.annotations.at(kChunked + name);
    std::replace_copy(text.begin(), text.end(), std::back_inserter(spaced), ':', ' ');
    std::istringstream(spaced) >> offset >> size >> plain_size;
    packed = std::string(as_text(layer.from(offset).first(size)));
    plain = std::string(as_text(read_all(*unzstd(std::make_unique<SpanSource>(as_bytes(packed))), kLimit)));
    EXPECT_EQ(plain.size(), plain_size);
  }
  std::string spaced, packed, plain;
  std::uint64_t offset = 0, size = 0, plain_size = 0;
};

TEST(ZstdChunked, IsTheSameTar) {
  const Everything& layer = everything(LayerForm::ZstdChunked);
  const Everything& gzip = everything(LayerForm::Gzip);
  const Bytes tar = read_all(*unzstd(std::make_unique<SpanSource>(layer.out.bytes)), kLimit);
  EXPECT_EQ(layer.facts.diff_id, DiffId(sha256(tar)));
  EXPECT_EQ(layer.facts.diff_id, gzip.facts.diff_id);
  EXPECT_EQ(layer.facts.plain_size_bytes, gzip.facts.plain_size_bytes);
  EXPECT_EQ(layer.facts.digest, BlobDigest(sha256(layer.out.bytes)));
  EXPECT_EQ(layer.facts.media_type, oci::kLayerZstdMediaType);
}

TEST(ZstdChunked, FooterAndAnnotationsNameTheSamePlaces) {
  const Everything& layer = everything(LayerForm::ZstdChunked);
  const Piece toc(layer, "manifest-position"), split(layer, "tarsplit-position");
  EXPECT_EQ(layer.facts.annotations.at(kChunked + "manifest-checksum"), "sha256:" + sha256(toc.packed).hex());
  EXPECT_EQ(json::parse(toc.plain).at("tarSplitDigest"), "sha256:" + sha256(split.packed).hex());
  const std::string footer(as_text(ByteSpan(layer.out.bytes).last(64)));
  const auto field = [&](std::size_t number) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8U | static_cast<unsigned char>(footer[number * 8 + i]);
    return value;
  };
  EXPECT_THAT((std::vector{field(0), field(1), field(2), field(3), field(4), field(5), field(6)}),
              ElementsAre(toc.offset, toc.size, toc.plain_size, 1U, split.offset, split.size, split.plain_size));
  EXPECT_EQ(footer.substr(56), "GNUlInUx");
}

TEST(ZstdChunked, EachChunkIsAFrameAndWhatItsDigestSays) {
  const Everything& layer = everything(LayerForm::ZstdChunked);
  const auto rows = rows_of(Piece(layer, "manifest-position").plain);
  for (const auto& [path, content] : layer.contents) {
    const std::vector<json>& chunks = rows.at(path);
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const std::uint64_t size = chunks[i].value("chunkSize", content.size());
      const std::uint64_t begin = chunks[i].at("offset");
      const std::uint64_t end = i + 1 < chunks.size() ? chunks[i + 1].at("offset") : chunks[0].at("endOffset");
      const auto frame = std::make_unique<SpanSource>(layer.from(begin).first(end - begin));
      const std::string chunk(as_text(read_all(*unzstd(std::make_unique<SpanSource>(*frame)), kLimit)));
      EXPECT_EQ(chunk, content.substr(at, size)) << path;
      if (chunks.size() > 1) {
        EXPECT_EQ(chunks[i].at("chunkDigest"), "sha256:" + sha256(chunk).hex());
      }
      at += size;
    }
    EXPECT_EQ(at, content.size()) << path;
    EXPECT_EQ(chunks[0].at("digest"), "sha256:" + sha256(content).hex());
  }
  EXPECT_GT(rows.at("big").size(), 2U);
  EXPECT_EQ(rows.at("a/small").size(), 1U);
  EXPECT_FALSE(rows.at("a/empty")[0].contains("digest"));
}

TEST(ZstdChunked, TheTarSplitHasAllOfTheTarButContents) {
  const Everything& layer = everything(LayerForm::ZstdChunked);
  std::istringstream lines(Piece(layer, "tarsplit-position").plain);
  std::string tar;
  std::size_t position = 0;
  for (std::string line; std::getline(lines, line); ++position) {
    const json row = json::parse(line);
    EXPECT_EQ(row.at("position"), position);
    if (row.at("type") == 2) {
      tar += *decode_base64(row.at("payload").get<std::string>());
    } else if (row.contains("size")) {
      tar += layer.contents.at(row.at("name"));
    }
  }
  EXPECT_EQ(layer.facts.diff_id, DiffId(sha256(tar)));
}

// CRC-64/GO-ISO of the catalogue of parametrised CRC algorithms: its check value.
TEST(TarSplit, SumsAreThoseOfIso3309) {
  EXPECT_EQ(crc64(0, as_bytes("123456789")), 0xB90956C775A41001U);
  const std::string text = noise(10'000);
  std::uint64_t crc = 0;
  for (std::size_t at = 0; at < text.size(); at += 37)
    crc = crc64(crc, as_bytes(std::string_view(text).substr(at, 37)));
  EXPECT_EQ(crc, crc64(0, as_bytes(text)));
}

std::vector<std::string> chunks_of(const std::string& text, std::size_t step) {
  ContentCutter cutter;
  std::vector<std::string> chunks(1);
  for (std::size_t at = 0; at < text.size();) {
    const auto piece = std::string_view(text).substr(at, step);
    if (cutter.is_cut()) chunks.emplace_back();
    const std::size_t taken = cutter.take(as_bytes(piece));
    chunks.back() += piece.substr(0, taken);
    at += taken;
  }
  return chunks;
}

TEST(ContentCutter, CutsWhereTheContentSays) {
  const std::string text = noise(20'000'000);
  const std::vector<std::string> chunks = chunks_of(text, text.size());
  EXPECT_EQ(chunks_of(text, 4093), chunks);
  EXPECT_GT(chunks.size(), 8U);
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) EXPECT_GE(chunks[i].size(), ContentCutter::kMinBytes);
  for (const std::string& chunk : chunks) EXPECT_LE(chunk.size(), ContentCutter::kMaxBytes);
  EXPECT_EQ(chunks_of(std::string(9'000'000, '\0'), 65536).size(), 3U);
}

TEST(ContentCutter, AnInsertionMovesNoCutFarBehindIt) {
  const std::string text = noise(20'000'000);
  const std::vector<std::string> before = chunks_of(text, text.size());
  const std::vector<std::string> after = chunks_of(text.substr(0, 100) + "more" + text.substr(100), text.size() + 4);
  const auto shared = std::ranges::count_if(
      before, [&](const std::string& chunk) { return std::ranges::find(after, chunk) != after.end(); });
  EXPECT_GE(shared + 3, static_cast<std::ptrdiff_t>(before.size()));
}

std::shared_ptr<const LayerRecipe> one_file() {
  LayerFile file;
  file.path = "app/a";
  file.size_bytes = 5;
  file.digest = BlobDigest(sha256("hello"));
  return std::make_shared<FilesLayerRecipe>(
      std::vector<LayerFile>{file}, FilesLayerParameters{"app"},
      [](const LayerFile&) { return std::make_unique<SpanSource>(as_bytes("hello")); });
}

TEST(LazyLayers, TheCardSaysTheForm) {
  const StepKey plain = one_file()->card().key();
  const KeyCard estargz = LazyLayerRecipe(one_file(), oci::LazyFormat::Estargz).card();
  const KeyCard chunked = LazyLayerRecipe(one_file(), oci::LazyFormat::ZstdChunked).card();
  EXPECT_NE(estargz.key(), plain);
  EXPECT_NE(chunked.key(), plain);
  EXPECT_NE(chunked.key(), estargz.key());
  EXPECT_THAT(estargz.to_json(), HasSubstr("estargz, version 1"));
  EXPECT_THAT(chunked.to_json(), HasSubstr("zstd:chunked level 6, libzstd-"));
}

TEST(LazyLayers, WhoWantsTheTarGetsTheFilesAlone) {
  MemoryStore store;
  const Cancellation never;
  const LayerFacts gzip = make_layer(*one_file(), store);
  for (const oci::LazyFormat format : {oci::LazyFormat::Estargz, oci::LazyFormat::ZstdChunked}) {
    const LazyLayerRecipe lazy(one_file(), format);
    EXPECT_EQ(DiffId(sha256(read_all(*stream_layer(lazy, store, never), kLimit))), gzip.diff_id);
    EXPECT_EQ(store.find(make_layer(lazy, store).digest).has_value(), true);
  }
}

/// One of everything as text: tables of contents and digests, for whoever wants to know what a change moves.
std::string golden_text(LayerForm form) {
  const Everything& layer = everything(form);
  const std::string toc = form == LayerForm::Estargz ? estargz_toc(layer) : Piece(layer, "manifest-position").plain;
  std::string text = fmt::format("layer {} of {} bytes\ntar {}\n", layer.facts.digest.to_string(),
                                 layer.facts.size_bytes, layer.facts.diff_id.to_string());
  for (const auto& [name, value] : layer.facts.annotations) text += fmt::format("{} {}\n", name, value);
  const json parsed = json::parse(toc);
  for (const json& row : parsed.at("entries")) text += row.dump() + "\n";
  return text;
}

void expect_golden(LayerForm form, const std::string& name) {
  const std::string path = test::source_dir() / "tests/data/layer" / name;
  const std::string text = golden_text(form);
  if (std::getenv("MLBUILD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    GTEST_SKIP() << "wrote " << path;
  }
  std::stringstream kept;
  kept << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, kept.str()) << "other bytes for every user: raise the version in lazy_layer.cpp and say why";
}

TEST(Estargz, IsTheGoldenLayer) {
  if (Deflater::version() != "libdeflate-1.14") GTEST_SKIP() << "other bytes by " << Deflater::version();
  expect_golden(LayerForm::Estargz, "estargz.txt");
}

TEST(ZstdChunked, IsTheGoldenLayer) {
  if (ZstdCompressor::version() != "libzstd-1.5.4") GTEST_SKIP() << "other bytes by " << ZstdCompressor::version();
  expect_golden(LayerForm::ZstdChunked, "zstd_chunked.txt");
}

}  // namespace
}  // namespace mlbuild
