#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mlbuild/base/error.hpp"

namespace mlbuild::oci {

/// Parses foreign JSON with bounded size and depth; throws Error{Foreign} "`what` is no valid JSON: ...".
nlohmann::json parse_bounded_json(std::string_view text, std::string_view what);

/// Canonical form: keys sorted bytewise, no white space, UTF-8 as it is.
std::string canonical(const nlohmann::json& value);

/// Runs `read`; what nlohmann/json throws on a missing key or wrong type becomes Error{Foreign}.
template <class Read>
auto reading(std::string_view what, Read&& read) {
  try {
    return std::forward<Read>(read)();
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorKind::Foreign, std::string(what) + " is malformed: " + failure.what());
  }
}

}  // namespace mlbuild::oci
