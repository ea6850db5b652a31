#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>

namespace mlbuild {

/// Passes a blob on that this process has hashed before, and throws Error{Foreign} at its end (or earlier) when it is
/// not the same bytes any more. The CRC is there to find damage, not malice: nothing that open() gave is hashed a
/// second time either.
class CrcSource final : public Source {
 public:
  CrcSource(std::unique_ptr<Source> inner, BlobDigest digest, std::uint64_t size_bytes, std::uint32_t crc)
      : inner_(std::move(inner)), digest_(digest), expected_size_bytes_(size_bytes), expected_crc_(crc) {}
  std::size_t read(MutableByteSpan buffer) override;

 private:
  const std::unique_ptr<Source> inner_;
  const BlobDigest digest_;
  const std::uint64_t expected_size_bytes_;
  const std::uint32_t expected_crc_;
  std::uint64_t seen_bytes_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace mlbuild
