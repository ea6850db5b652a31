#include "mlbuild/index/wheel_outline.hpp"

#include "download.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"
#include "mlbuild/python/wheel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint64_t kTailBytes = 4U << 20U;  // tensorflow: 1.6 MB of directory
constexpr std::uint64_t kMetadataLimitBytes = 4U << 20U;
constexpr std::size_t kEndBytes = 22, kEntryBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kEndMark = 0x06054b50, kEntryMark = 0x02014b50, kLocalMark = 0x04034b50;

std::uint32_t number_at(ByteSpan bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

std::optional<std::size_t> find_end(ByteSpan tail) {
  for (std::size_t at = tail.size() < kEndBytes ? 0 : tail.size() - kEndBytes + 1; at-- > 0;) {
    if (number_at(tail, at, 4) == kEndMark) return at;
  }
  return std::nullopt;
}

struct Candidate {
  const IndexFile* file = nullptr;
  python::Version version;
  std::size_t rank = 0;
};

std::optional<python::WheelFilename> parse_name(const IndexFile& file) {
  if (!file.filename.ends_with(".whl") || file.yanked) return std::nullopt;
  try {
    return python::WheelFilename::parse(file.filename);
  } catch (const Error&) {  // an index may hold anything
    return std::nullopt;
  }
}

std::optional<Candidate> choose(const std::vector<IndexFile>& files, const std::string& wanted_text, bool exact,
                                const python::TargetPlatform& target) {
  const auto wanted = python::Version::parse(wanted_text);
  if (!wanted) return std::nullopt;
  const std::vector<std::string> tags = python::compatible_tags(target);
  std::optional<Candidate> best;
  for (const IndexFile& file : files) {
    const std::optional<python::WheelFilename> name = parse_name(file);
    const auto version = name ? python::Version::parse(name->version) : std::nullopt;
    if (!version || *version > *wanted || (best && *version < best->version)) continue;
    if (*version != *wanted && (exact || version->is_prerelease())) continue;
    const auto rank = python::rank_wheel(*name, tags);
    if (rank && (!best || *version > best->version || *rank < best->rank)) best = Candidate{&file, *version, *rank};
  }
  return best;
}

std::optional<std::string> fetch_text(HttpClient& http, const std::string& url, const std::string& range,
                                      std::uint64_t limit_bytes) {
  HttpRequest request;
  request.url = url;
  request.body_limit_bytes = limit_bytes;
  request.headers["Accept-Encoding"] = "identity";
  if (!range.empty()) request.headers["Range"] = range;
  try {
    Page page = fetch_page(http, request);
    if (page.response.status != (range.empty() ? 200 : 206)) return std::nullopt;
    return std::move(page.text);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Interrupted) throw;
    return std::nullopt;  // no metadata file, or no ranges and too much: the answer has less in it
  }
}

std::optional<std::vector<std::string>> requirements_in(const std::string& metadata) {
  try {
    return python::Metadata::parse(metadata).requires_dist;
  } catch (const Error&) {  // a page that says something else
    return std::nullopt;
  }
}

void fill_outline(HttpClient& http, const std::string& url, WheelOutline& outline) {
  const std::uint64_t begin = outline.size_bytes - std::min(outline.size_bytes, kTailBytes);
  const std::string range = fmt::format("bytes={}-{}", begin, outline.size_bytes - 1);
  if (const auto bytes = fetch_text(http, url, range, kTailBytes + 1)) {
    if (const auto tail = read_wheel_tail(as_bytes(*bytes), outline.size_bytes)) {
      outline.plain_bytes = tail->plain_bytes;
      if (tail->metadata) outline.requires_dist = requirements_in(*tail->metadata);
    }
  }
  if (outline.requires_dist) return;
  if (const auto text = fetch_text(http, url + ".metadata", "", kMetadataLimitBytes)) {
    outline.requires_dist = requirements_in(*text);
  }
}

/// Takes what is inflated, up to a limit.
class LimitedText final : public Sink {
 public:
  void write(ByteSpan bytes) override {
    if (text_.size() + bytes.size() > kMetadataLimitBytes) {
      throw Error(ErrorKind::Foreign, "METADATA is larger than any honest one");
    }
    text_.append(as_text(bytes));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// The member whose entry of the central directory begins at `entry`; nothing when it is not in the tail as a whole.
std::optional<std::string> member_text(ByteSpan tail, std::size_t entry, std::uint64_t tail_begin) {
  const std::uint64_t header = number_at(tail, entry + 42, 4);
  if (header < tail_begin || header - tail_begin + kLocalBytes > entry) return std::nullopt;
  const std::size_t local = header - tail_begin;
  const std::size_t data = local + kLocalBytes + number_at(tail, local + 26, 2) + number_at(tail, local + 28, 2);
  const std::size_t size = number_at(tail, entry + 20, 4);
  if (number_at(tail, local, 4) != kLocalMark || data > entry || size > entry - data) return std::nullopt;
  const ByteSpan raw = tail.subspan(data, size);
  if (number_at(tail, entry + 10, 2) == 0) return std::string(as_text(raw));
  try {
    LimitedText text;
    Inflater().write(raw, text);
    return text.take();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<WheelTail> read_wheel_tail(ByteSpan tail, std::uint64_t file_size_bytes) {
  const std::optional<std::size_t> end = find_end(tail);
  if (!end) return std::nullopt;
  const std::uint64_t count = number_at(tail, *end + 10, 2);
  const std::uint64_t offset = number_at(tail, *end + 16, 4);
  const std::uint64_t tail_begin = file_size_bytes - std::min<std::uint64_t>(file_size_bytes, tail.size());
  if (count == 0xFFFF || offset < tail_begin || offset - tail_begin > *end) return std::nullopt;
  std::size_t at = offset - tail_begin;
  WheelTail result;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (at + kEntryBytes > *end || number_at(tail, at, 4) != kEntryMark) return std::nullopt;
    const std::size_t name_size = number_at(tail, at + 28, 2);
    if (at + kEntryBytes + name_size > *end) return std::nullopt;
    const std::string_view name = as_text(tail.subspan(at + kEntryBytes, name_size));
    if (name.ends_with(".dist-info/METADATA") && !result.metadata) result.metadata = member_text(tail, at, tail_begin);
    result.plain_bytes += number_at(tail, at + 24, 4);
    at += kEntryBytes + name_size + number_at(tail, at + 30, 2) + number_at(tail, at + 32, 2);
  }
  return result;
}

std::optional<WheelOutline> query_wheel_outline(HttpClient& http, const PythonIndex& index, const std::string& project,
                                                const std::string& version, bool exact,
                                                const python::TargetPlatform& target) {
  const std::vector<IndexFile> files = list_index_files(http, index, project);
  const std::optional<Candidate> chosen = choose(files, version, exact, target);
  if (!chosen) return std::nullopt;
  const std::string url = authorized_url(index, chosen->file->url);
  WheelOutline outline;
  outline.filename = chosen->file->filename;
  outline.version = python::WheelFilename::parse(outline.filename).version;
  outline.size_bytes = chosen->file->size_bytes ? *chosen->file->size_bytes : query_size(http, url);
  if (outline.size_bytes > 0) fill_outline(http, url, outline);
  return outline;
}

}  // namespace mlbuild
