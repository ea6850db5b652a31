#include "mlbuild/io/sha256.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace mlbuild {
namespace {

void expect_openssl(int result) {
  if (result != 1) throw Error(ErrorKind::Internal, "OpenSSL refused to compute SHA-256");
}

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* made) const { EVP_MD_CTX_free(made); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  expect_openssl(state_->context ? EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) : 0);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteSpan bytes) {
  expect_openssl(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

Digest Sha256::finish() {
  Digest digest;
  unsigned size = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest.bytes.data());
  expect_openssl(EVP_DigestFinal_ex(state_->context.get(), out, &size));
  // A null type keeps the algorithm that was fetched by the constructor: fetching takes a lock in OpenSSL 3.
  expect_openssl(EVP_DigestInit_ex(state_->context.get(), nullptr, nullptr));
  return digest;
}

Digest sha256(ByteSpan bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

void HashingSink::write(ByteSpan bytes) {
  hash_.update(bytes);
  size_bytes_ += bytes.size();
  next_.write(bytes);
}

namespace {

Error damaged(const std::string& what) {
  return Error(ErrorKind::Foreign, what)
      .hint("what was read is damaged or cut off where it is kept; write it there again");
}

}  // namespace

VerifyingSource::VerifyingSource(std::unique_ptr<Source> inner, BlobDigest digest, std::uint64_t size_bytes)
    : inner_(std::move(inner)), expected_(digest), expected_size_bytes_(size_bytes) {}

std::size_t VerifyingSource::read(MutableByteSpan buffer) {
  if (buffer.empty()) return 0;
  const std::size_t count = inner_->read(buffer);
  seen_bytes_ += count;
  if (seen_bytes_ > expected_size_bytes_) {
    throw damaged(
        fmt::format("blob {} has more than the promised {} bytes", expected_.to_string(), expected_size_bytes_));
  }
  hash_.update(buffer.first(count));
  if (count != 0 || checked_) return count;
  if (seen_bytes_ != expected_size_bytes_) {
    throw damaged(fmt::format("blob {} has {} bytes instead of the promised {}", expected_.to_string(), seen_bytes_,
                              expected_size_bytes_));
  }
  const BlobDigest found(hash_.finish());
  if (found != expected_) {
    throw damaged(fmt::format("content has digest {}, promised was {}", found.to_string(), expected_.to_string()));
  }
  checked_ = true;
  return 0;
}

}  // namespace mlbuild
