// OpenSSL's EVP interface hides its state, and two states must be advanced together here; so this uses the older
// SHA256_CTX, whose block function has the same CPU instructions.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "mlbuild/io/lane_sha256.hpp"

#include "mlbuild/io/sha256_blocks.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>

namespace mlbuild {
namespace {

constexpr std::size_t kBlockBytes = 64;

void count_blocks(SHA256_CTX& context, std::uint64_t blocks) {
  const std::uint64_t bits = (std::uint64_t{context.Nh} << 32U | context.Nl) + blocks * kBlockBytes * 8;
  context.Nl = static_cast<SHA_LONG>(bits & 0xFFFFFFFFU);
  context.Nh = static_cast<SHA_LONG>(bits >> 32U);
}

void add(SHA256_CTX& context, ByteSpan bytes) { SHA256_Update(&context, bytes.data(), bytes.size()); }

/// Takes what completes a block that has begun from the front of `bytes`.
ByteSpan complete_block(SHA256_CTX& context, ByteSpan bytes) {
  if (context.num == 0) return bytes;
  const std::size_t rest = std::min<std::size_t>(bytes.size(), kBlockBytes - context.num);
  add(context, bytes.first(rest));
  return bytes.subspan(rest);
}

}  // namespace

struct LaneSha256::State {
  SHA256_CTX context{};
  const bool has_instructions = can_hash_two_blocks();
};

LaneSha256::LaneSha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
LaneSha256::~LaneSha256() = default;

void LaneSha256::update(ByteSpan bytes) { add(state_->context, bytes); }

Digest LaneSha256::finish() {
  Digest digest;
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.bytes.data()), &state_->context);
  return digest;
}

void update_two(LaneSha256& first, ByteSpan first_bytes, LaneSha256& second, ByteSpan second_bytes) {
  SHA256_CTX& a = first.state_->context;
  SHA256_CTX& b = second.state_->context;
  first_bytes = complete_block(a, first_bytes);
  second_bytes = complete_block(b, second_bytes);
  const std::size_t blocks =
      first.state_->has_instructions ? std::min(first_bytes.size(), second_bytes.size()) / kBlockBytes : 0;
  if (blocks > 0) {
    hash_pair_blocks(a.h, first_bytes.data(), b.h, second_bytes.data(), blocks);
    count_blocks(a, blocks);
    count_blocks(b, blocks);
  }
  add(a, first_bytes.subspan(blocks * kBlockBytes));
  add(b, second_bytes.subspan(blocks * kBlockBytes));
}

}  // namespace mlbuild
