#include "support/wheel_files.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"

#include <algorithm>

namespace mlbuild::test {

WheelInput WheelFiles::add(const std::filesystem::path& wheel) {
  FileSource file(wheel);
  NullSink nowhere;
  HashingSink hash(nowhere);
  copy(file, hash);
  const BlobDigest digest(hash.digest());
  files_.emplace(digest, wheel);
  return {wheel.filename().string(), digest};
}

std::optional<std::uint64_t> WheelFiles::find(const BlobDigest& digest) {
  const auto found = files_.find(digest);
  if (found == files_.end()) return std::nullopt;
  return std::filesystem::file_size(found->second);
}

std::unique_ptr<RandomAccess> WheelFiles::open(const BlobDigest& digest) {
  const auto found = files_.find(digest);
  if (found == files_.end()) throw Error(ErrorKind::Io, "no such wheel");
  return std::make_unique<DiskFile>(found->second);
}

std::unique_ptr<Source> WheelFiles::stream(const BlobDigest& digest) {
  return std::make_unique<FileSource>(files_.at(digest));
}

std::unique_ptr<BlobWriter> WheelFiles::begin() { throw Error(ErrorKind::Internal, "wheel files are read-only"); }

void WheelFiles::put_virtual(const BlobDigest&, std::uint64_t, const SegmentList&) {
  throw Error(ErrorKind::Internal, "wheel files are read-only");
}

std::vector<std::filesystem::path> wheels_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> wheels;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".whl") wheels.push_back(entry.path());
  }
  std::sort(wheels.begin(), wheels.end(), [](const auto& a, const auto& b) {
    return std::pair(std::filesystem::file_size(b), a) < std::pair(std::filesystem::file_size(a), b);
  });
  return wheels;
}

}  // namespace mlbuild::test
