#include "mlbuild/layer/layer_writer.hpp"

#include "entry_order.hpp"
#include "twin_sha256.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/lane_sha256.hpp"
#include "mlbuild/oci/oci.hpp"

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
  /// `tar`: where the bytes go, too; nothing when they are shipped as they were.
  PlainPass(TwinSha256& hash, std::uint64_t expected_size_bytes, LayerSink* tar)
      : hash_(hash), expected_size_bytes_(expected_size_bytes), tar_(tar) {
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
    if (tar_ != nullptr) tar_->inline_bytes(bytes);
  }
  std::uint64_t size_bytes() const { return size_bytes_; }
  std::uint32_t crc() const { return crc_; }

 private:
  TwinSha256& hash_;
  std::uint64_t expected_size_bytes_;
  LayerSink* tar_;
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
  State(LayerSink& sink, int deflate_level)
      : out(sink), is_tar(sink.form() == LayerForm::Tar), deflater(deflate_level), chunk(kReadBytes) {
    plain.reserve(kPlainMemberBytes);
  }

  void emit(ByteSpan bytes) {
    compressed_hash.update(bytes);
    compressed_size_bytes += bytes.size();
    out.inline_bytes(bytes);
  }

  void emit_range(const DeflatedContent& content, std::uint64_t offset, ByteSpan bytes) {
    if (content.check != nullptr) {
      content.check->ride(compressed_hash, bytes);
    } else {
      compressed_hash.update(bytes);
    }
    compressed_size_bytes += bytes.size();
    out.blob_range(content.blob, offset, bytes);
  }

  void flush_plain() {
    if (plain.empty()) return;
    if (is_tar) {
      out.inline_bytes(plain);
    } else {
      emit(deflater.gzip_member(plain));
    }
    plain.clear();
  }

  // Members end at fixed distances, not where the caller's writes happen to end: the bytes must not depend on those.
  void append_plain(ByteSpan bytes) {
    plain_hash.update_tar(bytes);
    plain_size_bytes += bytes.size();
    while (!bytes.empty()) {
      const std::size_t part = std::min(bytes.size(), kPlainMemberBytes - plain.size());
      plain.insert(plain.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
      bytes = bytes.subspan(part);
      if (plain.size() == kPlainMemberBytes) flush_plain();
    }
  }

  void begin_entry(const TarEntry& entry) {
    order.accept(entry);
    append_plain(as_bytes(tar_header(entry)));
    ++entry_count;
  }

  void pad(std::uint64_t content_bytes) {
    static constexpr std::array<std::byte, 512> kZeros{};
    append_plain(ByteSpan(kZeros).first(tar_padding_bytes(content_bytes)));
  }

  void copy_deflated(const DeflatedContent& content, bool emitted, PlainPass& pass);

  LayerSink& out;
  const bool is_tar;
  Deflater deflater;
  Inflater inflater;
  LaneSha256 compressed_hash;
  TwinSha256 plain_hash;
  EntryOrder order;
  Bytes plain;  // tar bytes that wait for their member
  Bytes chunk;
  std::uint64_t compressed_size_bytes = 0;
  std::uint64_t plain_size_bytes = 0;
  std::uint64_t entry_count = 0;
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
    if (emitted && !is_tar) emit_range(content, offset, bytes);
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
  for (std::uint64_t rest = entry.size_bytes; rest > 0;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rest, state_->chunk.size()));
    const std::size_t got = content.read(MutableByteSpan(state_->chunk).first(wanted));
    if (got == 0) {
      throw Error(ErrorKind::Foreign, fmt::format("content of `{}` ends {} bytes early", entry.path, rest));
    }
    state_->append_plain(ByteSpan(state_->chunk).first(got));
    rest -= got;
  }
  state_->pad(entry.size_bytes);
}

void LayerWriter::add_file(const TarEntry& entry, ByteSpan content) {
  check_content_type(entry, content.size());
  state_->begin_entry(entry);
  state_->append_plain(content);
  state_->pad(content.size());
}

Digest LayerWriter::add_deflated(const TarEntry& entry, const DeflatedContent& content) {
  check_content_type(entry, entry.size_bytes);
  State& state = *state_;
  state.begin_entry(entry);
  const bool emitted = entry.size_bytes > 0;  // an empty file is a header only; its stream is checked all the same
  if (emitted) {
    state.flush_plain();
    if (!state.is_tar) state.emit(gzip_member_header());
  }
  PlainPass pass(state.plain_hash, entry.size_bytes, state.is_tar ? &state.out : nullptr);
  state.copy_deflated(content, emitted, pass);
  if (pass.size_bytes() != entry.size_bytes || pass.crc() != content.crc32) {
    throw Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match its size or CRC-32", entry.path));
  }
  if (emitted) {
    state.plain_size_bytes += pass.size_bytes();
    if (!state.is_tar) state.emit(gzip_member_trailer(pass.crc(), pass.size_bytes()));
    state.pad(entry.size_bytes);
  }
  return state.plain_hash.finish_file();
}

std::uint64_t LayerWriter::compressed_size_bytes() const {
  return state_->is_tar ? state_->plain_size_bytes : state_->compressed_size_bytes;
}

LayerFacts LayerWriter::finish() {
  state_->append_plain(tar_end_of_archive());
  state_->flush_plain();
  LayerFacts facts;
  facts.diff_id = DiffId(state_->plain_hash.finish_tar());
  facts.media_type = state_->is_tar ? oci::kLayerMediaType : oci::kLayerGzipMediaType;
  facts.digest = BlobDigest(state_->is_tar ? facts.diff_id.digest() : state_->compressed_hash.finish());
  facts.size_bytes = compressed_size_bytes();
  facts.plain_size_bytes = state_->plain_size_bytes;
  facts.entry_count = state_->entry_count;
  return facts;
}

}  // namespace mlbuild
