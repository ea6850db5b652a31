#include "mlbuild/store/disk_store.hpp"

#include "blob_check.hpp"
#include "crc_source.hpp"
#include "disk_blob_writer.hpp"
#include "disk_store_state.hpp"
#include "virtual_blob_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace mlbuild {
namespace {

/// Only when the lock is missing: opening a store that exists costs one look.
void make_store(const StoreLayout& layout) {
  if (layout.is_made()) return;
  if (layout.root().has_parent_path()) make_directories(layout.root().parent_path());
  // Wheels from private indexes are nobody else's business. A directory that the user made keeps the user's mode.
  if (::mkdir(layout.root().c_str(), 0700) != 0 && errno != EEXIST) throw_errno(errno, "make directory", layout.root());
  for (const auto& directory : {layout.tmp(), layout.blobs(), layout.virtual_blobs(), layout.keys(), layout.cards(),
                                layout.trees(), layout.quarantine()}) {
    make_directories(directory);
  }
  // Of the others nothing is promised: they are made again when they are missing.
  sync_directory(layout.blobs().parent_path());
  sync_directory(layout.virtual_blobs().parent_path());
  sync_directory(layout.root());
}

/// A file of no bytes where some are due is what a power cut leaves on a file system that was not told to sync.
std::optional<std::uint64_t> find_real(const StoreLayout& layout, const BlobDigest& digest) {
  static const BlobDigest kEmpty(sha256(std::string_view()));
  const std::optional<std::uint64_t> size = use_file(layout.blob(digest));
  return size && *size == 0 && digest != kEmpty ? std::nullopt : size;
}

/// Moves the damaged sources of a virtual blob aside, or its own file when all of them are good.
void move_damage_aside(const StoreLayout& layout, const BlobDigest& digest, const FileId& id,
                       const std::vector<BlobDigest>& sources) {
  bool found = false;
  for (const BlobDigest& source : sources) {
    const std::filesystem::path path = layout.blob(source);
    const FileId source_id = file_id(path);
    if (!find_real(layout, source)) {
      found = true;
    } else if (hash_all(DiskFile(path)) != source) {
      found = true;
      move_aside(layout, path, source_id);
    }
  }
  if (!found) move_aside(layout, layout.virtual_blob(digest), id);
}

}  // namespace

DiskStore::DiskStore(std::filesystem::path root) : root_(std::move(root)) {
  make_store(StoreLayout(root_));
  state_ = std::make_unique<State>(root_);
}

DiskStore::~DiskStore() = default;

std::optional<std::uint64_t> DiskStore::find(const BlobDigest& digest) {
  const StoreLayout& layout = state_->layout;
  if (const auto size = find_real(layout, digest)) return size;
  const std::filesystem::path path = layout.virtual_blob(digest);
  if (!use_file(path)) return std::nullopt;
  const std::optional<VirtualBlobHeader> header = read_virtual_header(path);
  if (!header) return std::nullopt;
  const auto is_there = [&](const BlobDigest& source) { return find_real(layout, source).has_value(); };
  return std::ranges::all_of(header->sources, is_there) ? std::optional(header->size_bytes) : std::nullopt;
}

std::unique_ptr<RandomAccess> DiskStore::open(const BlobDigest& digest) {
  const std::filesystem::path path = state_->layout.blob(digest);
  if (!use_file(path)) throw absent_blob(digest);
  const FileId id = file_id(path);
  auto file = std::make_unique<DiskFile>(path);
  if (const std::shared_ptr<BlobCheck> check = state_->checks.find(digest)) check->finish();
  state_->verified.ensure(digest, [&] {
    if (hash_all(*file) == digest) return;
    move_aside(state_->layout, path, id);
    throw damaged_blob(digest);
  });
  return file;
}

BlobInCheck DiskStore::open_in_check(const BlobDigest& digest) {
  State& state = *state_;
  const std::filesystem::path path = state.layout.blob(digest);
  if (!use_file(path)) throw absent_blob(digest);
  auto file = std::make_unique<DiskFile>(path);
  if (state.verified.contains(digest)) return {std::move(file), nullptr};
  const auto judge = [&state, path, id = file_id(path), digest](const BlobDigest& found) {
    if (found == digest) return state.verified.add(digest);
    move_aside(state.layout, path, id);
    throw damaged_blob(digest);
  };
  const auto make = [&] { return std::make_shared<RidingCheck>(std::make_unique<DiskFile>(path), judge); };
  return {std::move(file), state.checks.join(digest, make)};
}

std::filesystem::path DiskStore::path_of(const BlobDigest& digest) {
  open(digest);
  return state_->layout.blob(digest);
}

std::unique_ptr<Source> DiskStore::stream(const BlobDigest& digest) {
  const std::filesystem::path path = state_->layout.blob(digest);
  const std::optional<std::uint64_t> size = use_file(path);
  if (!size) return stream_virtual(digest);
  const FileId id = file_id(path);
  auto checked = std::make_unique<VerifyingSource>(std::make_unique<FileSource>(path), digest, *size);
  State& state = *state_;
  return std::make_unique<GuardedSource>(
      std::move(checked), [&state, path, id] { move_aside(state.layout, path, id); },
      [&state, digest] { state.verified.add(digest); });
}

std::unique_ptr<Source> DiskStore::stream_virtual(const BlobDigest& digest) {
  State& state = *state_;
  const std::filesystem::path path = state.layout.virtual_blob(digest);
  if (!use_file(path)) throw absent_blob(digest);
  const FileId id = file_id(path);
  VirtualBlob blob;
  try {
    blob = read_virtual_blob(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    move_aside(state.layout, path, id);
    throw damaged_blob(digest);
  }
  std::vector<BlobDigest> sources = sources_of(blob.segments);
  for (const BlobDigest& source : sources) {
    if (!find_real(state.layout, source)) throw absent_blob(source).while_doing("reading " + digest.to_string());
  }
  const std::uint64_t size_bytes = blob.size_bytes;
  std::unique_ptr<Source> bytes = unchecked_stream(state.layout, std::move(blob));
  std::unique_ptr<Source> checked;
  if (const std::optional<std::uint32_t> crc = state.hashed.crc_of(digest)) {
    checked = std::make_unique<CrcSource>(std::move(bytes), digest, size_bytes, *crc);
  } else {
    checked = std::make_unique<VerifyingSource>(std::move(bytes), digest, size_bytes);
  }
  return std::make_unique<GuardedSource>(
      std::move(checked), [&state, digest, id, sources] { move_damage_aside(state.layout, digest, id, sources); },
      [] {});
}

std::unique_ptr<BlobWriter> DiskStore::begin() {
  return std::make_unique<DiskBlobWriter>(state_->layout, state_->verified);
}

void DiskStore::put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) {
  PendingFile file(state_->layout);
  file.write(encode_virtual_blob({size_bytes, segments}));
  file.commit(state_->layout.virtual_blob(digest), PendingFile::Durability::Durable);
}

void DiskStore::put_hashed(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments,
                           std::uint32_t crc) {
  put_virtual(digest, size_bytes, segments);
  state_->hashed.add(digest, crc);
}

}  // namespace mlbuild
