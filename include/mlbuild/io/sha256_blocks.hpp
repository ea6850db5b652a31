#pragma once

#include <cstddef>
#include <cstdint>

namespace mlbuild {

/// Whether this CPU has the SHA extensions of x86. Without them the functions below must not be called.
bool can_hash_two_blocks();

/// The compression function of SHA-256 (FIPS 180-4, 6.2.2) over the same blocks of 64 bytes for two states at once.
void hash_twin_blocks(std::uint32_t* first_state, std::uint32_t* second_state, const std::byte* data,
                      std::size_t blocks);

/// The same over different blocks: as the rounds of one state wait for each other, two cost hardly more than one.
void hash_pair_blocks(std::uint32_t* first_state, const std::byte* first_data, std::uint32_t* second_state,
                      const std::byte* second_data, std::size_t blocks);

}  // namespace mlbuild
