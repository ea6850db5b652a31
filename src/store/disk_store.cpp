#include "mlbuild/store/disk_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <mutex>
#include <set>

#include "blob_file_writer.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"
#include "segment_format.hpp"
#include "segment_source.hpp"
#include "store_layout.hpp"

namespace mlbuild {
namespace {

constexpr std::uint64_t kMaxVirtualFileBytes = 1U << 30U;
constexpr std::uint64_t kMaxFactsBytes = 16U << 20U;

/// A plain stream over a file that it owns.
class OwnedFileSource final : public Source {
 public:
  explicit OwnedFileSource(std::unique_ptr<RandomAccess> file) : file_(std::move(file)), range_(*file_, 0, file_->size_bytes()) {}
  std::size_t read(MutableByteSpan buffer) override { return range_.read(buffer); }

 private:
  std::unique_ptr<RandomAccess> file_;
  RangeSource range_;
};

/// Passes on; when the bytes turn out to be damaged, `on_damage` runs before the error goes on.
class GuardedSource final : public Source {
 public:
  GuardedSource(std::unique_ptr<Source> inner, std::function<void()> on_damage, std::function<void()> on_end)
      : inner_(std::move(inner)), on_damage_(std::move(on_damage)), on_end_(std::move(on_end)) {}
  std::size_t read(MutableByteSpan buffer) override {
    try {
      const std::size_t count = inner_->read(buffer);
      if (count == 0 && !buffer.empty() && on_end_) on_end_();
      return count;
    } catch (Error& error) {
      if (error.kind() == ErrorKind::Foreign) {
        on_damage_();
        error.hint("the damaged file was moved aside; run the command again to fetch or make it anew");
      }
      throw;
    }
  }

 private:
  std::unique_ptr<Source> inner_;
  std::function<void()> on_damage_, on_end_;
};

/// The store notes use at most once an hour, so that a build that does nothing writes nothing.
void note_use(const std::filesystem::path& path, const struct stat& status) {
  constexpr std::time_t kHour = 3600;
  if (std::time(nullptr) - status.st_mtime > kHour) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

std::optional<std::uint64_t> size_if_present(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  note_use(path, status);
  return static_cast<std::uint64_t>(status.st_size);
}

std::optional<VirtualBlobHeader> read_virtual_header(const std::filesystem::path& path) {
  if (!size_if_present(path)) return std::nullopt;
  try {
    const DiskFile file(path);
    Bytes front(std::min<std::uint64_t>(file.size_bytes(), 4096));
    file.read_at(0, front);
    const std::size_t length = virtual_header_bytes(front);
    if (length > file.size_bytes()) return std::nullopt;
    if (length > front.size()) {
      front.resize(length);
      file.read_at(0, front);
    }
    return decode_virtual_header(ByteSpan(front).first(length));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    return std::nullopt;  // damaged: as if it were not there
  }
}

}  // namespace

struct DiskStore::State {
  StoreLayout layout;
  FileLock in_use;
  std::mutex mutex;
  std::set<BlobDigest> verified;

  void mark_verified(const BlobDigest& digest) {
    const std::lock_guard lock(mutex);
    verified.insert(digest);
  }
  bool is_verified(const BlobDigest& digest) {
    const std::lock_guard lock(mutex);
    return verified.contains(digest);
  }
};

namespace {

StoreLayout make_store(const std::filesystem::path& root) {
  const StoreLayout layout(root);
  std::error_code error;
  const bool fresh = !std::filesystem::exists(layout.lock(), error);
  if (fresh) {
    for (const auto& directory : {layout.root(), layout.tmp(), layout.blobs(), layout.virtual_blobs(), layout.keys(), layout.cards(), layout.trees()}) {
      std::filesystem::create_directories(directory, error);
      if (error) throw_errno(error.value(), "cannot create", directory);
    }
    // Wheels from private indexes are nobody else's business.
    if (::chmod(root.c_str(), 0700) != 0) throw_errno(errno, "cannot set the mode of", root);
  }
  return layout;
}

}  // namespace

DiskStore::DiskStore(std::filesystem::path root) : root_(std::move(root)) {
  StoreLayout layout = make_store(root_);
  const std::filesystem::path lock = layout.lock();
  state_ = std::unique_ptr<State>(new State{std::move(layout), FileLock(lock, FileLock::Mode::Shared), {}, {}});
}

DiskStore::~DiskStore() = default;

std::optional<std::uint64_t> DiskStore::find(const BlobDigest& digest) {
  const StoreLayout& layout = state_->layout;
  if (const auto size = size_if_present(layout.blob(digest))) return size;
  const std::optional<VirtualBlobHeader> header = read_virtual_header(layout.virtual_blob(digest));
  if (!header) return std::nullopt;
  for (const BlobDigest& source : header->sources) {
    if (!size_if_present(layout.blob(source))) return std::nullopt;
  }
  return header->size_bytes;
}

std::filesystem::path DiskStore::path_of(const BlobDigest& digest) {
  const std::filesystem::path path = state_->layout.blob(digest);
  if (!size_if_present(path)) throw Error(ErrorKind::Io, fmt::format("blob {} is not in the store", digest.to_string()));
  if (state_->is_verified(digest)) return path;
  NullSink nowhere;
  HashingSink hash(nowhere);
  FileSource file(path);
  copy(file, hash);
  if (BlobDigest(hash.digest()) != digest) {
    move_aside(state_->layout, path);
    throw Error(ErrorKind::Foreign, fmt::format("blob {} in the store is damaged", digest.to_string()))
        .hint("it was moved aside; run the command again to fetch it anew, and `mlbuild store verify` to check the rest");
  }
  state_->mark_verified(digest);
  return path;
}

std::unique_ptr<RandomAccess> DiskStore::open(const BlobDigest& digest) { return std::make_unique<DiskFile>(path_of(digest)); }

std::unique_ptr<Source> DiskStore::stream(const BlobDigest& digest) {
  const std::filesystem::path real = state_->layout.blob(digest);
  if (const auto size = size_if_present(real)) {
    auto plain = std::make_unique<OwnedFileSource>(std::make_unique<DiskFile>(real));
    if (state_->is_verified(digest)) return plain;
    auto verifying = std::make_unique<VerifyingSource>(std::move(plain), digest, *size);
    return std::make_unique<GuardedSource>(std::move(verifying), [this, real] { move_aside(state_->layout, real); },
                                           [this, digest] { state_->mark_verified(digest); });
  }
  const std::filesystem::path path = state_->layout.virtual_blob(digest);
  if (!size_if_present(path)) throw Error(ErrorKind::Io, fmt::format("blob {} is not in the store", digest.to_string()));
  const DiskFile file(path);
  VirtualBlob blob = decode_virtual_blob(read_all(file, kMaxVirtualFileBytes));
  std::set<BlobDigest> sources;
  for (const Segment& segment : blob.segments) {
    if (const auto* range = std::get_if<RangeSegment>(&segment)) sources.insert(range->blob);
  }
  // Sources are not hashed on their own: the digest of the whole covers every byte of them that is used.
  const StoreLayout layout = state_->layout;
  auto segments = std::make_unique<SegmentSource>(std::move(blob.segments), [layout](const BlobDigest& source) { return std::make_unique<DiskFile>(layout.blob(source)); });
  auto verifying = std::make_unique<VerifyingSource>(std::move(segments), digest, blob.size_bytes);
  const auto find_damaged_source = [this, path, sources] {
    move_aside(state_->layout, path);
    for (const BlobDigest& source : sources) {
      try {
        path_of(source);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Foreign && error.kind() != ErrorKind::Io) throw;  // the first error tells already
      }
    }
  };
  return std::make_unique<GuardedSource>(std::move(verifying), find_damaged_source, nullptr);
}

std::unique_ptr<BlobWriter> DiskStore::begin() {
  return std::make_unique<BlobFileWriter>(state_->layout, [this](const BlobDigest& digest) { state_->mark_verified(digest); });
}

void DiskStore::put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) {
  AtomicFile file(state_->layout.virtual_blob(digest));
  file.write(encode_virtual_blob({size_bytes, segments}));
  file.commit();
}

std::optional<std::string> DiskStore::get(const StepKey& key) {
  const std::filesystem::path path = state_->layout.key(key);
  if (!size_if_present(path)) return std::nullopt;
  return checked_payload(read_text_file(path, kMaxFactsBytes));
}

void DiskStore::put(const StepKey& key, std::string_view facts) { write_file_atomically(state_->layout.key(key), with_checksum(facts)); }

std::optional<KeyCard> DiskStore::last_card(std::string_view step_id) {
  const std::filesystem::path path = state_->layout.card(step_id);
  if (!size_if_present(path)) return std::nullopt;
  const std::optional<std::string> json = checked_payload(read_text_file(path, kMaxFactsBytes));
  return json ? std::optional(KeyCard::parse(*json)) : std::nullopt;
}

void DiskStore::remember_card(std::string_view step_id, const KeyCard& card) {
  write_file_atomically(state_->layout.card(step_id), with_checksum(card.to_json()));
}

std::filesystem::path DiskStore::tree(const StepKey& key, const std::function<void(const std::filesystem::path&)>& fill) {
  const StoreLayout& layout = state_->layout;
  const std::filesystem::path path = layout.tree(key);
  const auto present = [&] {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return false;
    note_use(path, status);
    return true;
  };
  if (present()) return path;
  const FileLock single_flight(layout.tmp() / ("tree-" + key.hex() + ".lock"), FileLock::Mode::Exclusive);
  if (present()) return path;
  const TempDir growing(layout.tmp(), "tree-");
  const std::filesystem::path content = growing.path() / "root";
  std::filesystem::create_directory(content);
  fill(content);
  const Fd fd = open_read(content);
  if (::syncfs(fd.get()) != 0) throw_errno(errno, "cannot make durable", content);
  std::filesystem::rename(content, path);
  sync_directory(layout.trees());
  return path;
}

}  // namespace mlbuild
