#pragma once

#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <filesystem>
#include <map>
#include <vector>

namespace mlbuild::test {

/// Wheels on disk as a read-only store, without copying them. Digests are computed when a wheel is added and not
/// checked again, so that a measurement of layers holds nothing else.
class WheelFiles final : public BlobStore {
 public:
  WheelInput add(const std::filesystem::path& wheel);
  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<BlobWriter> begin() override;
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override;

 private:
  std::map<BlobDigest, std::filesystem::path> files_;
};

/// The *.whl files of a directory, largest first.
std::vector<std::filesystem::path> wheels_in(const std::filesystem::path& directory);

}  // namespace mlbuild::test
