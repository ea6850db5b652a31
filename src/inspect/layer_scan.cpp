#include "mlbuild/inspect/layer_scan.hpp"

#include "package_files.hpp"
#include "python_loads.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/oci/estargz.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kTextLimitBytes = 32U << 20U;       // RECORD of the largest wheels: 2 MB
constexpr std::uint64_t kAllTextsLimitBytes = 128U << 20U;  // of one layer
constexpr std::uint64_t kPythonLimitBytes = 1U << 20U;      // longer sources are tables

/// The compressed side. It gives little at a time, so that what was read is near to what was inflated.
class CompressedSide final : public Source {
 public:
  CompressedSide(Source& layer, const Cancellation& cancellation) : layer_(layer), cancellation_(cancellation) {}
  std::size_t read(MutableByteSpan buffer) override {
    cancellation_.check();
    const std::size_t count = layer_.read(buffer.first(std::min(buffer.size(), kStepBytes)));
    read_bytes_ += count;
    return count;
  }
  std::uint64_t read_bytes() const { return read_bytes_; }

 private:
  static constexpr std::size_t kStepBytes = std::size_t{32} * 1024;
  Source& layer_;
  const Cancellation& cancellation_;
  std::uint64_t read_bytes_ = 0;
};

/// How many compressed bytes were needed up to each place of the tar; between two known places evenly.
class Progress {
 public:
  void note(std::uint64_t plain_bytes, std::uint64_t compressed_bytes) {
    if (points_.empty() || points_.back().plain != plain_bytes) {
      points_.push_back({plain_bytes, compressed_bytes});
    } else if (compressed_bytes - points_.back().compressed <= kTrailerBytes) {
      points_.back().compressed = compressed_bytes;
    }  // else the table of contents of zstd:chunked, which no file needs
  }
  /// `plain_bytes` of consecutive calls do not fall.
  std::uint64_t compressed_at(std::uint64_t plain_bytes) {
    while (at_ < points_.size() && points_[at_].plain < plain_bytes) ++at_;
    if (at_ == points_.size()) return points_.empty() ? 0 : points_.back().compressed;
    const Point before = at_ == 0 ? Point{0, 0} : points_[at_ - 1];
    const double part = static_cast<double>(plain_bytes - before.plain) /
                        static_cast<double>(std::max<std::uint64_t>(points_[at_].plain - before.plain, 1));
    return before.compressed +
           static_cast<std::uint64_t>(part * static_cast<double>(points_[at_].compressed - before.compressed));
  }
  std::uint64_t plain_bytes() const { return points_.empty() ? 0 : points_.back().plain; }
  std::uint64_t compressed_bytes() const { return points_.empty() ? 0 : points_.back().compressed; }

 private:
  static constexpr std::uint64_t kTrailerBytes = std::uint64_t{64} << 10U;  // checksums, by reads of 32 KiB
  struct Point {
    std::uint64_t plain, compressed;
  };
  std::vector<Point> points_;
  std::size_t at_ = 0;
};

/// The plain side, which knows how far the other one is.
class PlainSide final : public Source {
 public:
  PlainSide(Source& tar, const CompressedSide& compressed, Progress& progress)
      : tar_(tar), compressed_(compressed), progress_(progress) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t count = tar_.read(buffer);
    read_bytes_ += count;
    progress_.note(read_bytes_, compressed_.read_bytes());
    return count;
  }

 private:
  Source& tar_;
  const CompressedSide& compressed_;
  Progress& progress_;
  std::uint64_t read_bytes_ = 0;
};

class LayerScanner {
 public:
  void add(const TarEntry& entry, Source& content) {
    ScannedEntry scanned;
    scanned.path = entry.path;
    scanned.type = entry.type;
    scanned.size_bytes = entry.size_bytes;
    if (entry.type == TarType::File) read_content(scanned, content);
    if (entry.type == TarType::Symlink || entry.type == TarType::Hardlink)
      scan_.links.insert_or_assign(entry.path, entry.link_target);
    scan_.entries.push_back(std::move(scanned));
  }

  /// Extended headers are not told of here: what the tar has more than its entries is given first to names that need
  /// one, then to all alike, so that places do not drift from those of the stream. All bytes are given to somebody.
  LayerScan finish(Progress& progress) {
    scan_.plain_size_bytes = progress.plain_bytes();
    share_out(progress);
    remove_lazy_index();
    return std::move(scan_);
  }

 private:
  void share_out(Progress& progress) {
    const Extended extended = extended_headers();
    std::uint64_t place = 0, given_bytes = 0;
    for (ScannedEntry& entry : scan_.entries) {
      place += kHeaderBytes + entry.size_bytes + tar_padding_bytes(entry.size_bytes) + extended.each;
      if (is_long(entry)) place += extended.long_name;
      const bool is_last = &entry == &scan_.entries.back();
      const std::uint64_t upto =
          is_last ? progress.compressed_bytes() : std::max(given_bytes, progress.compressed_at(place));
      entry.compressed_size_bytes = upto - given_bytes;
      given_bytes = upto;
    }
  }

  /// An eStargz layer ends with its table of contents and has marks for its readers (docs/formats/estargz.md). No
  /// program of the image knows them, and each layer has its own: no files that the image has, hides or has twice.
  void remove_lazy_index() {
    if (scan_.entries.empty() || scan_.entries.back().path != oci::kEstargzToc) return;
    std::erase_if(scan_.entries, [](const ScannedEntry& entry) { return oci::is_estargz_file(entry.path); });
  }

  /// Bytes of extended headers in front of an entry.
  struct Extended {
    std::uint64_t long_name = 0, each = 0;
  };
  static bool is_long(const ScannedEntry& entry) { return entry.path.size() > kNameBytes; }

  Extended extended_headers() const {
    std::uint64_t told = kEndBytes, long_names = 0;
    for (const ScannedEntry& entry : scan_.entries) {
      told += kHeaderBytes + entry.size_bytes + tar_padding_bytes(entry.size_bytes);
      if (is_long(entry)) ++long_names;
    }
    if (scan_.entries.empty() || scan_.plain_size_bytes <= told) return {};
    std::uint64_t rest = scan_.plain_size_bytes - told;
    Extended extended;
    if (long_names > 0) extended.long_name = std::min(2 * kHeaderBytes, rest / long_names);
    rest -= extended.long_name * long_names;
    extended.each = rest / scan_.entries.size();
    return extended;
  }

  void read_content(ScannedEntry& entry, Source& content) {
    const bool is_told = (tells_package(entry.path) || configures_loader(entry.path)) &&
                         entry.size_bytes <= kTextLimitBytes && text_bytes_ + entry.size_bytes <= kAllTextsLimitBytes;
    const bool is_python = may_load_libraries(entry.path) && entry.size_bytes <= kPythonLimitBytes;
    std::string text;
    bool is_first = true, is_object = false;
    for (std::size_t count = content.read(buffer_); count > 0; count = content.read(buffer_)) {
      const ByteSpan bytes = ByteSpan(buffer_).first(count);
      if (is_first && elf::is_elf(bytes)) {
        is_object = true;
        object_.restart();
      }
      is_first = false;
      entry.crc32 = crc32(entry.crc32, bytes);
      if (is_told || is_python) text.append(as_text(bytes));
      if (is_object) object_.write(bytes);
    }
    if (is_object) add_object(entry.path);
    if (is_python) add_python(entry.path, text);
    if (!is_told) return;
    text_bytes_ += text.size();
    scan_.texts.insert_or_assign(entry.path, std::move(text));
  }

  void add_object(const std::string& path) {
    try {
      if (std::optional<elf::Object> object = object_.finish()) {
        scan_.objects.insert_or_assign(path, std::move(*object));
      }
    } catch (const Error& error) {  // test data of packages is broken on purpose; whoever loads it hears of it
      scan_.broken_objects.insert_or_assign(path, error.message());
    }
  }

  void add_python(const std::string& path, std::string_view source) {
    PythonLoads loads = loads_of(source);
    if (loads.calls || !loads.names.empty()) scan_.python_loads.insert_or_assign(path, std::move(loads));
  }

  static constexpr std::uint64_t kHeaderBytes = 512;
  static constexpr std::uint64_t kEndBytes = 10240;  // two zero blocks, most often padded to a record
  static constexpr std::size_t kNameBytes = 99;      // what one header holds
  std::uint64_t text_bytes_ = 0;
  LayerScan scan_;
  elf::ObjectScanner object_;
  std::array<std::byte, kStreamBufferBytes> buffer_{};
};

}  // namespace

LayerScan scan_layer(Source& layer, const Cancellation& cancellation) {
  auto owned = std::make_unique<CompressedSide>(layer, cancellation);
  const CompressedSide& compressed = *owned;
  const std::unique_ptr<Source> tar = decompress(std::move(owned));
  Progress progress;
  PlainSide counted(*tar, compressed, progress);
  const auto scanner = std::make_unique<LayerScanner>();  // its buffer is too large for the stack
  read_foreign_layer(counted, [&](const TarEntry& entry, Source& content) { scanner->add(entry, content); });
  NullSink rest;  // to the end, where checksums are
  copy(counted, rest);
  return scanner->finish(progress);
}

}  // namespace mlbuild
