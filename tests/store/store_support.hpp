#pragma once

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace mlbuild::test {

inline BlobDigest digest_of(std::string_view text) { return BlobDigest(sha256(text)); }
inline StepKey key_of(std::string_view text) { return StepKey(sha256(text)); }

inline BlobDigest put_blob(BlobStore& store, std::string_view text) {
  const std::unique_ptr<BlobWriter> writer = store.begin();
  writer->write(as_bytes(text));
  return writer->commit();
}

inline std::string read_blob(BlobStore& store, const BlobDigest& digest) {
  const std::unique_ptr<Source> source = store.stream(digest);
  return std::string(as_text(read_all(*source, 1U << 28U)));
}

/// "head" + bytes 2 to 5 of "0123456789" + "tail"
struct VirtualExample {
  std::string source = "0123456789";
  std::string whole = "head2345tail";
  SegmentList segments() const {
    const auto bytes = [](std::string_view text) { return Bytes(as_bytes(text).begin(), as_bytes(text).end()); };
    return {InlineSegment{bytes("head")}, RangeSegment{digest_of(source), 2, 4}, InlineSegment{bytes("tail")}};
  }
  BlobDigest put(BlobStore& store) const {
    put_blob(store, source);
    store.put_virtual(digest_of(whole), whole.size(), segments());
    return digest_of(whole);
  }
};

inline void overwrite(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

inline void set_age(const std::filesystem::path& path, std::chrono::seconds age) {
  const timespec then{std::time(nullptr) - age.count(), 0};
  const timespec times[] = {then, then};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

inline std::int64_t mtime_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mtime : -1;
}

/// Path -> mtime of all files and directories below.
inline std::map<std::string, std::string> snapshot(const std::filesystem::path& root) {
  std::map<std::string, std::string> entries;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat status {};
    ::lstat(entry.path().c_str(), &status);
    entries[entry.path()] = std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
  }
  return entries;
}

inline std::size_t count_entries(const std::filesystem::path& directory) {
  const auto entries = std::filesystem::directory_iterator(directory);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// A directory for a store, that does not exist yet.
struct StorePlace {
  TempDir directory;
  std::filesystem::path root = directory.path() / "store";
  std::filesystem::path blob(std::string_view text) const { return root / "blobs/sha256" / digest_of(text).hex(); }
  std::filesystem::path virtual_blob(std::string_view text) const {
    return root / "virtual/sha256" / digest_of(text).hex();
  }
  std::filesystem::path key(const StepKey& key) const { return root / "keys" / key.hex().substr(0, 2) / key.hex(); }
};

}  // namespace mlbuild::test
