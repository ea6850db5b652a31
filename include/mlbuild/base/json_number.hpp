#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>

namespace mlbuild {

/// A natural number as it is. get<std::uint64_t>() takes real numbers, too, and what it makes of those beyond 2^64 is
/// undefined. Throws nlohmann::json::type_error.
inline std::uint64_t natural_number(const nlohmann::json& value) { return value.get_ref<const std::uint64_t&>(); }

}  // namespace mlbuild
