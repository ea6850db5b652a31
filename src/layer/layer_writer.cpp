#include "mlbuild/layer/layer_writer.hpp"

#include "entry_order.hpp"
#include "layer_encoder.hpp"
#include "twin_sha256.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlbuild {
namespace {

// One read of the source blob. Small enough that the bytes are still in L2 when the inflater and the hash come to them.
constexpr std::size_t kReadBytes = std::size_t{256} << 10U;

/// The plain bytes of one deflated file on their way through: everything that must be known about them in one pass.
class PlainPass final : public Sink {
 public:
  /// `encoder`: where the bytes go, too; nothing when they are shipped as they were.
  PlainPass(TwinSha256& hash, std::uint64_t expected_size_bytes, LayerEncoder* encoder)
      : hash_(hash), expected_size_bytes_(expected_size_bytes), encoder_(encoder) {
    hash_.begin_file();
  }
  void write(ByteSpan bytes) override {
    size_bytes_ += bytes.size();
    if (size_bytes_ > expected_size_bytes_) {
      throw Error(ErrorKind::Foreign,
                  fmt::format("content is longer than the {} bytes it claims", expected_size_bytes_));
    }
    crc_ = crc32(crc_, bytes);
    hash_.update_both(bytes);
    if (encoder_ != nullptr) encoder_->content(bytes);
  }
  std::uint64_t size_bytes() const { return size_bytes_; }
  std::uint32_t crc() const { return crc_; }

 private:
  TwinSha256& hash_;
  std::uint64_t expected_size_bytes_;
  LayerEncoder* encoder_;
  std::uint64_t size_bytes_ = 0;
  std::uint32_t crc_ = 0;
};

void check_content_type(const TarEntry& entry, std::uint64_t content_bytes) {
  if (entry.type != TarType::File || entry.size_bytes != content_bytes) {
    throw Error(ErrorKind::Internal,
                fmt::format("entry `{}` does not fit its content of {} bytes", entry.path, content_bytes));
  }
}

}  // namespace

struct LayerWriter::State {
  State(LayerSink& out, int deflate_level) : encoder(make_layer_encoder(out, deflate_level)), chunk(kReadBytes) {}

  void append_tar(ByteSpan bytes) {
    plain_hash.update_tar(bytes);
    plain_size_bytes += bytes.size();
    encoder->tar_bytes(bytes);
  }

  void begin_entry(const TarEntry& entry) {
    if (!has_begun) begin(entry.mtime_seconds);
    if (encoder->reserves(entry.path)) {
      throw Error(ErrorKind::Foreign,
                  fmt::format("`/{}` is a name that lazily pulled layers keep for themselves", entry.path))
          .hint("leave the file out, or build without `layers.lazy`");
    }
    order.accept(entry);
    append_header(entry);
    ++entry_count;
  }

  /// What the form puts in front of all entries is of the same time as they are.
  void begin(std::int64_t mtime_seconds) {
    has_begun = true;
    TarEntry entry;
    entry.path = encoder->first_file();
    if (entry.path.empty()) return;
    constexpr std::array<std::byte, 1> kContent{std::byte{15}};
    entry.mtime_seconds = mtime_seconds;
    entry.size_bytes = kContent.size();
    append_header(entry);
    begin_content();
    append_content(kContent);
    end_content(entry);
  }

  void append_header(const TarEntry& entry) {
    encoder->begin_entry(entry);
    append_tar(as_bytes(tar_header(entry)));
  }

  // The content's own hash is computed only where the form tells it.
  void begin_content() {
    if (encoder->wants_digests()) plain_hash.begin_file();
    encoder->begin_content();
  }

  void append_content(ByteSpan bytes) {
    if (encoder->wants_digests()) {
      plain_hash.update_both(bytes);
    } else {
      plain_hash.update_tar(bytes);
    }
    plain_size_bytes += bytes.size();
    encoder->content(bytes);
  }

  void end_content(const TarEntry& entry) {
    encoder->end_content(encoder->wants_digests() ? plain_hash.finish_file() : Digest());
    pad(entry.size_bytes);
  }

  void pad(std::uint64_t content_bytes) {
    static constexpr std::array<std::byte, 512> kZeros{};
    append_tar(ByteSpan(kZeros).first(tar_padding_bytes(content_bytes)));
  }

  void copy_deflated(const DeflatedContent& content, bool emitted, PlainPass& pass);

  std::unique_ptr<LayerEncoder> encoder;
  Inflater inflater;
  TwinSha256 plain_hash;
  EntryOrder order;
  Bytes chunk;
  std::uint64_t plain_size_bytes = 0;
  std::uint64_t entry_count = 0;
  bool has_begun = false;
};

void LayerWriter::State::copy_deflated(const DeflatedContent& content, bool emitted, PlainPass& pass) {
  inflater.reset();
  std::uint64_t copied_bytes = 0;
  while (copied_bytes < content.compressed_size_bytes) {
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), content.compressed_size_bytes - copied_bytes));
    const MutableByteSpan bytes = MutableByteSpan(chunk).first(part);
    const std::uint64_t offset = content.offset + copied_bytes;
    content.file->read_at(offset, bytes);
    if (emitted) encoder->deflated(content, offset, bytes);
    const std::size_t consumed = inflater.write(bytes, pass);
    copied_bytes += consumed;
    if (consumed < part) break;
  }
  // A stream that ends elsewhere than the zip directory says could mean something else to another reader.
  if (!inflater.done() || copied_bytes != content.compressed_size_bytes) {
    throw Error(ErrorKind::Foreign,
                fmt::format("deflate stream does not end after the {} bytes it claims", content.compressed_size_bytes));
  }
}

LayerWriter::LayerWriter(LayerSink& out, int deflate_level) : state_(std::make_unique<State>(out, deflate_level)) {}
LayerWriter::~LayerWriter() = default;

void LayerWriter::add(const TarEntry& entry) {
  if (entry.type == TarType::File) check_content_type(entry, 0);
  state_->begin_entry(entry);
}

void LayerWriter::add_file(const TarEntry& entry, Source& content) {
  check_content_type(entry, entry.size_bytes);
  state_->begin_entry(entry);
  if (entry.size_bytes == 0) return;
  state_->begin_content();
  for (std::uint64_t rest = entry.size_bytes; rest > 0;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rest, state_->chunk.size()));
    const std::size_t got = content.read(MutableByteSpan(state_->chunk).first(wanted));
    if (got == 0) {
      throw Error(ErrorKind::Foreign, fmt::format("content of `{}` ends {} bytes early", entry.path, rest));
    }
    state_->append_content(ByteSpan(state_->chunk).first(got));
    rest -= got;
  }
  state_->end_content(entry);
}

void LayerWriter::add_file(const TarEntry& entry, ByteSpan content) {
  check_content_type(entry, content.size());
  state_->begin_entry(entry);
  if (content.empty()) return;
  state_->begin_content();
  state_->append_content(content);
  state_->end_content(entry);
}

Digest LayerWriter::add_deflated(const TarEntry& entry, const DeflatedContent& content) {
  check_content_type(entry, entry.size_bytes);
  State& state = *state_;
  LayerEncoder& encoder = *state.encoder;
  state.begin_entry(entry);
  const bool emitted = entry.size_bytes > 0;  // an empty file is a header only; its stream is checked all the same
  const bool copied = emitted && encoder.copies_deflate();
  if (emitted) encoder.begin_content();
  if (copied) encoder.begin_deflated();
  PlainPass pass(state.plain_hash, entry.size_bytes, copied ? nullptr : &encoder);
  state.copy_deflated(content, copied, pass);
  if (pass.size_bytes() != entry.size_bytes || pass.crc() != content.crc32) {
    throw Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match its size or CRC-32", entry.path));
  }
  const Digest digest = state.plain_hash.finish_file();
  if (copied) encoder.end_deflated(pass.crc(), pass.size_bytes());
  if (emitted) {
    state.plain_size_bytes += pass.size_bytes();
    encoder.end_content(digest);
    state.pad(entry.size_bytes);
  }
  return digest;
}

std::uint64_t LayerWriter::compressed_size_bytes() const { return state_->encoder->compressed_size_bytes(); }

LayerFacts LayerWriter::finish() {
  State& state = *state_;
  if (!state.has_begun) state.begin(0);
  state.append_tar(as_bytes(state.encoder->last_entry()));
  state.append_tar(tar_end_of_archive());
  LayerFacts facts;
  facts.diff_id = DiffId(state.plain_hash.finish_tar());
  facts.plain_size_bytes = state.plain_size_bytes;
  facts.entry_count = state.entry_count;
  state.encoder->finish(facts);
  return facts;
}

}  // namespace mlbuild
