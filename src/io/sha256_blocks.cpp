#include "mlbuild/io/sha256_blocks.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <array>

namespace mlbuild {
namespace {

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> kRoundConstants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The working variables in the order that the instructions want: ABEF and CDGH.
struct Halves {
  __m128i abef;
  __m128i cdgh;
};

__attribute__((target("sha,sse4.1"))) inline Halves load_state(const std::uint32_t* state) {
  const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
  const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0)};
}

__attribute__((target("sha,sse4.1"))) inline void store_state(const Halves& halves, std::uint32_t* state) {
  const __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/// The sixteen words that the next rounds need, as a ring.
struct Schedule {
  __m128i words[4];
  __m128i& operator[](std::size_t i) { return words[i]; }
  const __m128i& operator[](std::size_t i) const { return words[i]; }
};

__attribute__((target("sha,sse4.1"))) inline Schedule load_schedule(const std::byte* block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  Schedule schedule;
  for (std::size_t i = 0; i < 4; ++i) {
    schedule[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i), big_endian);
  }
  return schedule;
}

/// Four rounds each; `first_words` and `second_words` hold the schedule with the round constants added.
__attribute__((target("sha,sse4.1"))) inline void four_rounds(Halves& first, Halves& second, __m128i first_words,
                                                              __m128i second_words) {
  first.cdgh = _mm_sha256rnds2_epu32(first.cdgh, first.abef, first_words);
  second.cdgh = _mm_sha256rnds2_epu32(second.cdgh, second.abef, second_words);
  first.abef = _mm_sha256rnds2_epu32(first.abef, first.cdgh, _mm_shuffle_epi32(first_words, 0x0E));
  second.abef = _mm_sha256rnds2_epu32(second.abef, second.cdgh, _mm_shuffle_epi32(second_words, 0x0E));
}

__attribute__((target("sha,sse4.1"))) inline __m128i with_constants(const Schedule& schedule, std::size_t group) {
  const auto* constants = reinterpret_cast<const __m128i*>(kRoundConstants.data()) + group;
  return _mm_add_epi32(schedule[group % 4], _mm_load_si128(constants));
}

/// The words that are used four groups from now.
__attribute__((target("sha,sse4.1"))) inline void extend(Schedule& schedule, std::size_t group) {
  __m128i& words = schedule[group % 4];
  const __m128i last = schedule[(group + 3) % 4];
  const __m128i seven_ago = _mm_alignr_epi8(last, schedule[(group + 2) % 4], 4);
  const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words, schedule[(group + 1) % 4]), seven_ago);
  words = _mm_sha256msg2_epu32(sum, last);
}

__attribute__((target("sha,sse4.1"))) inline Halves sum_of(const Halves& a, const Halves& b) {
  return {_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

__attribute__((target("sha,sse4.1"))) inline void hash_twin_block(Halves& first, Halves& second,
                                                                  const std::byte* block) {
  const Halves first_before = first;
  const Halves second_before = second;
  Schedule schedule = load_schedule(block);
#pragma GCC unroll 16
  for (std::size_t group = 0; group < 16; ++group) {
    const __m128i words = with_constants(schedule, group);
    four_rounds(first, second, words, words);
    if (group < 12) extend(schedule, group);
  }
  first = sum_of(first, first_before);
  second = sum_of(second, second_before);
}

__attribute__((target("sha,sse4.1"))) inline void hash_pair_block(Halves& first, const std::byte* first_block,
                                                                  Halves& second, const std::byte* second_block) {
  const Halves first_before = first;
  const Halves second_before = second;
  Schedule first_schedule = load_schedule(first_block);
  Schedule second_schedule = load_schedule(second_block);
#pragma GCC unroll 16
  for (std::size_t group = 0; group < 16; ++group) {
    four_rounds(first, second, with_constants(first_schedule, group), with_constants(second_schedule, group));
    if (group >= 12) continue;
    extend(first_schedule, group);
    extend(second_schedule, group);
  }
  first = sum_of(first, first_before);
  second = sum_of(second, second_before);
}

}  // namespace

bool can_hash_two_blocks() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kShaBit = 1U << 29U;  // leaf 7, EBX
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kShaBit) != 0 &&
         __builtin_cpu_supports("sse4.1") != 0;
}

__attribute__((target("sha,sse4.1"))) void hash_twin_blocks(std::uint32_t* first_state, std::uint32_t* second_state,
                                                            const std::byte* data, std::size_t blocks) {
  Halves first = load_state(first_state);
  Halves second = load_state(second_state);
  for (; blocks > 0; --blocks, data += 64) hash_twin_block(first, second, data);
  store_state(first, first_state);
  store_state(second, second_state);
}

__attribute__((target("sha,sse4.1"))) void hash_pair_blocks(std::uint32_t* first_state, const std::byte* first_data,
                                                            std::uint32_t* second_state, const std::byte* second_data,
                                                            std::size_t blocks) {
  Halves first = load_state(first_state);
  Halves second = load_state(second_state);
  for (; blocks > 0; --blocks, first_data += 64, second_data += 64) {
    hash_pair_block(first, first_data, second, second_data);
  }
  store_state(first, first_state);
  store_state(second, second_state);
}

}  // namespace mlbuild

#else

#include "mlbuild/base/error.hpp"

namespace mlbuild {

bool can_hash_two_blocks() { return false; }

void hash_twin_blocks(std::uint32_t*, std::uint32_t*, const std::byte*, std::size_t) {
  throw Error(ErrorKind::Internal, "this CPU has no instructions for two hashes at once");
}

void hash_pair_blocks(std::uint32_t*, const std::byte*, std::uint32_t*, const std::byte*, std::size_t) {
  throw Error(ErrorKind::Internal, "this CPU has no instructions for two hashes at once");
}

}  // namespace mlbuild

#endif
