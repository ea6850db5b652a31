#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace mlbuild {

/// 32 bytes of SHA-256. Wrapped below: digests of different things are different types, so the compiler finds a mix-up.
struct Digest {
  std::array<std::byte, 32> bytes{};

  std::string hex() const;                       ///< 64 lower-case digits
  static Digest from_hex(std::string_view hex);  ///< throws Error{Foreign} unless 64 hex digits
  static bool is_hex(std::string_view hex);      ///< exactly 64 lower-case hex digits
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

template <class Tag>
class TypedDigest {
 public:
  TypedDigest() = default;
  explicit TypedDigest(const Digest& digest) : digest_(digest) {}
  /// Reads "sha256:<64 hex>" (OCI image-spec, descriptor.md, "Digests") or 64 bare hex digits; throws Error{Foreign}.
  static TypedDigest parse(std::string_view text) {
    constexpr std::string_view kPrefix = "sha256:";
    if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
    return TypedDigest(Digest::from_hex(text));
  }
  const Digest& digest() const { return digest_; }
  std::string hex() const { return digest_.hex(); }
  std::string to_string() const { return "sha256:" + digest_.hex(); }
  friend auto operator<=>(const TypedDigest&, const TypedDigest&) = default;

 private:
  Digest digest_;
};

using BlobDigest = TypedDigest<struct BlobDigestTag>;  ///< of bytes that travel or are stored
using DiffId = TypedDigest<struct DiffIdTag>;          ///< of a layer's tar after decompression
using StepKey = TypedDigest<struct StepKeyTag>;        ///< of a step's key card

}  // namespace mlbuild

template <class Tag>
struct std::hash<mlbuild::TypedDigest<Tag>> {
  std::size_t operator()(const mlbuild::TypedDigest<Tag>& value) const noexcept {
    std::size_t result;
    std::memcpy(&result, value.digest().bytes.data(), sizeof(result));
    return result;
  }
};
