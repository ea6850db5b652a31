// OpenSSL's EVP interface hides its state, and the two states must be advanced together here; so this uses the older
// SHA256_CTX, whose block function has the same CPU instructions.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "twin_sha256.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256_blocks.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>

namespace mlbuild {
namespace {

constexpr std::size_t kBlockBytes = 64;

void count_bytes(SHA256_CTX& context, std::uint64_t bytes) {
  const std::uint64_t bits = (std::uint64_t{context.Nh} << 32U | context.Nl) + bytes * 8;
  context.Nl = static_cast<SHA_LONG>(bits & 0xFFFFFFFFU);
  context.Nh = static_cast<SHA_LONG>(bits >> 32U);
}

Digest finish(SHA256_CTX& context) {
  Digest digest;
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.bytes.data()), &context);
  return digest;
}

}  // namespace

struct TwinSha256::State {
  SHA256_CTX tar{};
  SHA256_CTX file{};
  const bool has_instructions = can_hash_two_blocks();

  void update_by_turns(ByteSpan bytes) {
    SHA256_Update(&tar, bytes.data(), bytes.size());
    SHA256_Update(&file, bytes.data(), bytes.size());
  }
};

TwinSha256::TwinSha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->tar); }
TwinSha256::~TwinSha256() = default;

void TwinSha256::update_tar(ByteSpan bytes) { SHA256_Update(&state_->tar, bytes.data(), bytes.size()); }

void TwinSha256::begin_file() {
  if (state_->tar.num != 0) throw Error(ErrorKind::Internal, "file content does not begin at a block of the tar");
  SHA256_Init(&state_->file);
}

void TwinSha256::update_both(ByteSpan bytes) {
  State& state = *state_;
  if (!state.has_instructions) return state.update_by_turns(bytes);
  if (state.file.num != 0) {  // the same partial block waits in both
    const std::size_t rest = std::min(bytes.size(), kBlockBytes - state.file.num);
    state.update_by_turns(bytes.first(rest));
    bytes = bytes.subspan(rest);
  }
  const std::size_t blocks = bytes.size() / kBlockBytes;
  if (blocks > 0) {
    hash_twin_blocks(state.tar.h, state.file.h, bytes.data(), blocks);
    count_bytes(state.tar, blocks * kBlockBytes);
    count_bytes(state.file, blocks * kBlockBytes);
  }
  state.update_by_turns(bytes.subspan(blocks * kBlockBytes));
}

Digest TwinSha256::finish_file() { return finish(state_->file); }

Digest TwinSha256::finish_tar() { return finish(state_->tar); }

}  // namespace mlbuild
