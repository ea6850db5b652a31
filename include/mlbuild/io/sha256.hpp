#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>

namespace mlbuild {

/// Incremental SHA-256 (FIPS 180-4), by OpenSSL with the CPU's own instructions. Movable, not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteSpan bytes);
  Digest finish();  ///< resets, so that the object can be used again

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(ByteSpan bytes);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

/// Passes bytes on and remembers their SHA-256 and count. Not thread-safe.
class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& next) : next_(next) {}
  void write(ByteSpan bytes) override;
  Digest digest() { return hash_.finish(); }  ///< once, after the last write
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  Sink& next_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

/// Passes bytes through and throws Error{Foreign} at the end (or as soon as there are too many) unless size and digest
/// are the promised ones: a caller that reads to the end cannot forget to check.
class VerifyingSource final : public Source {
 public:
  VerifyingSource(std::unique_ptr<Source> inner, BlobDigest digest, std::uint64_t size_bytes);
  std::size_t read(MutableByteSpan buffer) override;

 private:
  std::unique_ptr<Source> inner_;
  BlobDigest expected_;
  std::uint64_t expected_size_bytes_;
  std::uint64_t seen_bytes_ = 0;
  bool checked_ = false;
  Sha256 hash_;
};

}  // namespace mlbuild
